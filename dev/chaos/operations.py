"""The operations that are spoilt: how each begins, goes on and is judged."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dev.chaos.rig import EROS, PULUMI_UP, World

_REPAIR = (*EROS, "repair")
# Tables stay: the guard refuses to take one out again.
_PROBES = ("sql/views", "sql/functions")


@dataclass
class Findings:
    """What is wrong after an operation and all that was done to fix it."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Operation:
    """One command. `again` are the ways to go on, each tried when the one before failed."""

    name: str
    command: Callable[[World], tuple[str, ...]]
    again: Callable[[World], tuple[tuple[tuple[str, ...], ...], ...]]
    """Each way is commands in their order; only the last one's result counts."""
    prepare: Callable[[World, int], None]
    """Makes something to do; the number is that of the trial."""
    check: Callable[[World], Findings]


def probes(world: World, number: int, *, table: bool = True) -> None:
    """Take the last trial's probes out of the files, and put new ones in."""
    clear(world)
    name = f"probe_{number}"
    place = "`{{ project }}`.`{{ dataset }}`"
    files = {
        f"sql/views/{name}_view.sql": (
            f"CREATE OR REPLACE VIEW {place}.{name}_view\n"
            "OPTIONS (\n    description = 'A probe'\n)\n"
            f"AS\nSELECT COUNT(*) AS n\nFROM {place}.captions;\n"
        ),
        f"sql/functions/{name}_plus.sql": (
            f"CREATE OR REPLACE FUNCTION {place}.{name}_plus(n INT64)\nRETURNS INT64\n"
            "OPTIONS (\n    description = 'A probe'\n)\nAS (\n    n + 1\n);\n"
        ),
    }
    if table:
        files[f"sql/tables/{name}.sql"] = (
            f"CREATE TABLE IF NOT EXISTS {place}.{name} (\n"
            "    n INT64 OPTIONS (description = 'A number')\n)\n"
            "OPTIONS (\n    description = 'A probe'\n);\n"
        )
    for path, text in files.items():
        (world.root / path).write_text(text, encoding="utf-8")
    _append(
        world,
        "config/schedules.yaml",
        f"\n  {name}:\n"
        f'    title: "EROS: Probe {number}"\n'
        f"    call: CALL {place}.evaluate_alerts(@run_time)\n"
        "    schedule: every monday 04:35\n    priority: LOW\n    owner: chaos\n",
    )
    _append(
        world,
        "config/channels.yaml",
        f"\n  {name}:\n"
        f'    title: "EROS: Probe {number}"\n    type: email\n'
        "    labels:\n      email_address: probe@example.com\n",
    )


def clear(world: World) -> None:
    """Take all probes but the tables out of the files."""
    for folder in _PROBES:
        for file in (world.root / folder).glob("probe_*"):
            file.unlink()
    for path in ("config/schedules.yaml", "config/channels.yaml"):
        file = world.root / path
        text = file.read_text(encoding="utf-8")
        file.write_text(text.partition("\n\n  probe_")[0].rstrip("\n") + "\n", encoding="utf-8")


def _append(world: World, path: str, text: str) -> None:
    file = world.root / path
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def _converged(world: World) -> Findings:
    """The stack is as the program says, whole, and everything is there once."""
    findings = Findings(lost=world.missing(), doubled=world.doubles())
    seen = world.run(
        "pulumi", "preview", "--stack", "local", "--expect-no-changes", "--non-interactive"
    )
    if not seen.is_good:
        findings.stuck.append(seen.output[-2000:])
    return findings


def _deployed_probes(world: World, number: int, *, table: bool = True) -> None:
    probes(world, number, table=table)
    world.must(*PULUMI_UP)


# Backup and restore ------------------------------------------------------------------------


def _with_backup(world: World, number: int) -> None:
    del number
    if not _backups(world):
        world.must(*EROS, "backup", "create")


def _emptied(world: World, number: int) -> None:
    _with_backup(world, number)
    world.query("DELETE FROM `eros-local`.`eros_scheduling_brain`.captions WHERE TRUE")


def _backups(world: World) -> list[dict[str, Any]]:
    listed = world.must(*EROS, "backup", "list", "--format", "json").output
    return json.loads(listed[listed.index("[") :])


def _backed_up(world: World) -> Findings:
    findings = _rows_are_there(world)
    newest = max(_backups(world), key=lambda b: str(b["time"]), default=None)
    if newest is None or newest["state"] != "COMPLETE":
        findings.stuck.append(f"the newest backup is {newest}")
    return findings


def _rows_are_there(world: World) -> Findings:
    rows = world.rows()
    return Findings(lost=[] if rows["captions"] == 500 else [f"rows: {rows}"])


# Rollback and repair -----------------------------------------------------------------------


def _rolled_back(world: World) -> Findings:
    """The probes are gone; the files follow, as the report of a rollback says."""
    text = world.state_file.read_text(encoding="utf-8")
    clear(world)
    findings = _converged(world)
    if "_plus" in text:
        findings.stuck.append("the state still has what was rolled back")
    return findings


def _without_probes_then_with(world: World, number: int) -> None:
    clear(world)
    world.must(*PULUMI_UP)
    _deployed_probes(world, number, table=False)


def _half_written(world: World, number: int) -> None:
    """As an engine leaves it that was killed between the creation and the state."""
    _deployed_probes(world, number)
    document = json.loads(world.state_file.read_text(encoding="utf-8"))
    latest = document["checkpoint"]["latest"]
    needed = {urn for r in latest["resources"] for urn in r.get("dependencies") or ()}
    lost = [r for r in latest["resources"] if "::probe_" in r["urn"] and r["urn"] not in needed]
    latest["resources"] = [r for r in latest["resources"] if r not in lost]
    latest["pending_operations"] = [
        {"type": "creating", "resource": {k: r[k] for k in r if k not in ("id", "outputs")}}
        for r in lost
    ]
    world.state_file.write_text(json.dumps(document), encoding="utf-8")


_DEPLOY = (*EROS, "deploy", "--yes", "--allow-dirty")
_CREATE = (*EROS, "backup", "create")
_ROLLBACK = (*EROS, "rollback", "--yes")
_RESUME = "--resume"


def _restore(world: World) -> tuple[str, ...]:
    """Of the first backup: a restore that was spoilt leaves one of the emptied table."""
    first = min(_backups(world), key=lambda b: str(b["made"]))
    return (*EROS, "backup", "restore", first["backup"], "--yes", "--force")


OPERATIONS = (
    Operation(
        "up",
        lambda _: PULUMI_UP,
        lambda _: ((PULUMI_UP,), (_REPAIR, PULUMI_UP)),
        probes,
        _converged,
    ),
    Operation(
        "deploy",
        lambda _: _DEPLOY,
        lambda _: ((_DEPLOY,), ((*_DEPLOY, _RESUME),)),
        probes,
        _converged,
    ),
    Operation("backup", lambda _: _CREATE, lambda _: ((_CREATE,),), _with_backup, _backed_up),
    Operation(
        "restore",
        _restore,
        lambda world: ((_restore(world),), ((*EROS, "backup", "restore", _RESUME, "--force"),)),
        _emptied,
        _rows_are_there,
    ),
    Operation(
        "rollback",
        lambda _: _ROLLBACK,
        lambda _: ((_ROLLBACK,), ((*EROS, "rollback", _RESUME),)),
        _without_probes_then_with,
        _rolled_back,
    ),
    Operation("repair", lambda _: _REPAIR, lambda _: ((_REPAIR,),), _half_written, _converged),
)
