"""Two engineers and their sandboxes beside a running stack, and commands that are killed.

The program is a small one; what the whole one does on clones is in tests/sql/test_baseline.py.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dev.chaos.rig import DATASET, EROS, PROJECT, World, deployed
from tests.engine import documented
from tests.engine.small import emptied_folder

DAY = "2026-01-05"
SCHEDULE = """\
schedules:
  count_day:
    title: "EROS: Count"
    call: CALL `{{ project }}`.`{{ dataset }}`.count_day(DATE(@run_time, '{{ time_zone }}'))
    schedule: every day 03:10
    priority: LOW
    owner: shop
"""
# Kills, as shares of all calls of a command.
SPREAD = (0.05, 0.5, 0.9)


def shop(root: Path) -> None:
    """A program with orders, their totals by day, two views, two procedures and a schedule."""
    sql = emptied_folder(root)
    sql.write(
        "tables/orders.sql",
        "CREATE TABLE IF NOT EXISTS @orders (\n"
        "    order_id STRING NOT NULL OPTIONS (description = 'Order'),\n"
        "    amount NUMERIC OPTIONS (description = 'Paid'),\n"
        "    ordered_on DATE NOT NULL OPTIONS (description = 'Day')\n"
        ")\nPARTITION BY ordered_on\n"
        "OPTIONS (\n    description = 'Orders', require_partition_filter = TRUE\n);\n",
    )
    sql.write(
        "tables/day_totals.sql",
        "CREATE TABLE IF NOT EXISTS @day_totals (\n"
        "    total_day DATE NOT NULL OPTIONS (description = 'Day'),\n"
        "    orders INT64 OPTIONS (description = 'Orders'),\n"
        "    amount NUMERIC OPTIONS (description = 'Paid')\n"
        ")\nOPTIONS (\n    description = 'Totals'\n);\n",
    )
    sql.write(
        "views/large_orders.sql",
        "CREATE OR REPLACE VIEW @large_orders\nOPTIONS (\n    description = 'Large'\n)\nAS\n"
        "SELECT\n    order_id,\n    amount\nFROM @orders\n"
        "WHERE\n    ordered_on >= DATE '2000-01-01'\n    AND amount > 70;\n",
    )
    sql.write(
        "views/order_days.sql",
        "CREATE OR REPLACE VIEW @order_days\nOPTIONS (\n    description = 'Days'\n)\nAS\n"
        "SELECT\n    ordered_on,\n    COUNT(*) AS orders\nFROM @orders\n"
        "WHERE ordered_on >= DATE '2000-01-01'\nGROUP BY ordered_on;\n",
    )
    sql.write(
        "procedures/count_day.sql",
        "CREATE OR REPLACE PROCEDURE @count_day(for_day DATE)\n"
        "OPTIONS (\n    description = 'Counts a day'\n)\nBEGIN\n"
        "    DELETE FROM @day_totals WHERE total_day = for_day;\n"
        "    INSERT INTO @day_totals (total_day, orders, amount)\n"
        "    SELECT\n        for_day,\n        COUNT(*),\n        SUM(amount)\n"
        "    FROM @orders\n    WHERE ordered_on = for_day;\nEND;\n",
    )
    sql.write(
        "procedures/forget_day.sql",
        "CREATE OR REPLACE PROCEDURE @forget_day(for_day DATE)\n"
        "OPTIONS (\n    description = 'Forgets a day'\n)\nBEGIN\n"
        "    DELETE FROM @day_totals WHERE total_day = for_day;\nEND;\n",
    )
    # Each schedule calls it after a failure.
    sql.write(
        "procedures/prepare_retry.sql",
        "CREATE OR REPLACE PROCEDURE @prepare_retry(\n"
        "    for_schedule STRING,\n    alert_level STRING,\n    failure STRING,\n"
        "    INOUT failures INT64\n)\n"
        "OPTIONS (\n    description = 'Gives up'\n)\nBEGIN\n"
        "    RAISE USING MESSAGE = failure;\nEND;\n",
    )
    (root / "config/schedules.yaml").write_text(SCHEDULE, encoding="utf-8")
    with (root / "policy/idempotent.py").open("a", encoding="utf-8") as file:
        file.write('\nWHY["count_day"] = "a day is counted from scratch"\n')


def fill(world: World) -> None:
    """A hundred orders of ten days, and totals of one."""
    dataset = f"`{PROJECT}`.`{DATASET}`"
    world.query(
        f"INSERT INTO {dataset}.orders (order_id, amount, ordered_on) "
        "SELECT FORMAT('o%03d', n), n, DATE_ADD(DATE '2026-01-01', INTERVAL MOD(n, 10) DAY) "
        "FROM UNNEST(GENERATE_ARRAY(1, 100)) AS n"
    )
    world.query(f"INSERT INTO {dataset}.day_totals VALUES (DATE '2026-01-04', 1, 1)")


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    """The running stack of both engineers."""
    with deployed(tmp_path_factory.mktemp("sandboxes"), shop, fill) as made:
        yield made


def eros(world: World, *arguments: str, within: Path) -> str:
    return world.must(*EROS, *arguments, within=within).output


def document(output: str) -> Any:
    """The JSON in what a command has printed, among its progress."""
    start = re.search(r"^[\[{]", output, re.MULTILINE)
    assert start, output
    return json.JSONDecoder().raw_decode(output[start.start() :])[0]


@dataclass(frozen=True)
class Engineer:
    """Somebody with a working tree and a sandbox of the same name."""

    name: str
    world: World
    root: Path

    def eros(self, *arguments: str) -> str:
        return eros(self.world, *arguments, within=self.root)

    def up(self) -> None:
        self.world.must(
            "pulumi", "up", "--stack", self.name, "--yes", "--skip-preview", within=self.root
        )

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def differences(self, *options: str) -> dict[str, dict[str, Any]]:
        """What `eros sandbox diff` finds, by object."""
        found = document(
            self.eros("sandbox", "diff", "-s", self.name, "--format", "json", *options)
        )
        assert not [one for one in found["objects"] if one["unknown"]], found["objects"]
        return {one["name"]: one for one in found["objects"]}

    def listed(self) -> dict[str, dict[str, Any]]:
        """What `eros sandbox list` shows, by name."""
        return {
            one["name"]: one for one in document(self.eros("sandbox", "list", "--format", "json"))
        }


@pytest.fixture(scope="module")
def engineers(world, tmp_path_factory) -> tuple[Engineer, Engineer]:
    """Two working trees beside that of the stack; the engine's state is one."""
    found = []
    for name in ("alice", "bob"):
        root = tmp_path_factory.mktemp(name) / "program"
        shutil.copytree(world.root, root)
        shutil.rmtree(root / "state")
        found.append(Engineer(name, world, root))
    return found[0], found[1]


def sums(world: World) -> dict[str, tuple]:
    """Number of rows of each table of the running stack, and a checksum of them."""
    found = {}
    for name, where in (("orders", "ordered_on >= DATE '0001-01-01'"), ("day_totals", "TRUE")):
        [found[name]] = world.query(
            "SELECT COUNT(*), BIT_XOR(FARM_FINGERPRINT(TO_JSON_STRING(one))) "
            f"FROM `{PROJECT}`.`{DATASET}`.{name} AS one WHERE {where}"
        )
    return found


def assert_untouched(world: World, before: dict[str, tuple]) -> None:
    """The running stack has nothing to change, and its rows are the same."""
    world.must("pulumi", "preview", "--stack", "local", "--expect-no-changes")
    assert sums(world) == before


@pytest.mark.timeout(600)
def test_two_engineers_see_exactly_their_own_differences(world, engineers):
    before = sums(world)
    alice, bob = engineers
    for one in engineers:
        one.eros("sandbox", "create", one.name)
        assert one.differences() == {}
        assert_untouched(world, before)

    # The same program gives no difference, whatever it does.
    assert bob.differences("--baseline", "--run", "count_day", "--for", DAY) == {}
    assert bob.differences("--baseline", "--run", "forget_day", "--for", "2026-01-04") == {}

    alice.edit("sql/procedures/count_day.sql", "SUM(amount)", "2 * SUM(amount)")
    alice.edit("sql/views/large_orders.sql", "> 70", "> 90")
    bob.edit("sql/procedures/count_day.sql", "COUNT(*)", "COUNT(*) + 1")
    bob.edit("sql/views/order_days.sql", "'2000-01-01'", "'2026-01-06'")
    for one in engineers:
        one.up()
        one.eros("sandbox", "run", "count_day", "-s", one.name, "--for", DAY)
        assert_untouched(world, before)

    # Each stack sees what is its own alone.
    assert "nothing to adopt" in eros(world, "adopt", within=world.root)
    assert "nothing to repair" in eros(world, "repair", within=world.root)
    assert "nothing to adopt" in alice.eros("adopt", "-s", "alice")

    seen = alice.differences()
    assert {name: (d["removed"], d["added"], d["changed"]) for name, d in seen.items()} == {
        "day_totals": (0, 1, 0),
        "large_orders": (20, 0, 0),
    }
    assert seen["day_totals"]["examples"][0]["after"]["amount"] == 2 * sum(range(4, 100, 10))
    seen = bob.differences()
    assert {name: (d["removed"], d["added"], d["changed"]) for name, d in seen.items()} == {
        "day_totals": (0, 1, 0),
        "order_days": (5, 0, 0),
    }
    assert seen["day_totals"]["examples"][0]["after"]["orders"] == 11

    # What the code alone did: both programs count the day.
    seen = alice.differences("--baseline", "--run", "count_day", "--for", DAY)
    assert {name: d["columns"] for name, d in seen.items() if d["changed"]} == {
        "day_totals": {"amount": 1}
    }
    assert seen.keys() == {"day_totals", "large_orders"}

    changed = alice.listed()
    assert changed.keys() == {"alice", "bob"}
    assert changed["alice"]["changed_bytes"] > 0
    alice.eros("sandbox", "extend", "alice", "--expires", "9d")
    extended = alice.listed()["alice"]
    assert extended["expires"] > changed["alice"]["expires"]
    assert extended["changed_bytes"] == changed["alice"]["changed_bytes"]
    for one in engineers:
        one.eros("sandbox", "destroy", one.name, "--yes")
        assert_untouched(world, before)
    assert alice.listed() == {}
    assert_documented(world)


def assert_documented(world: World) -> None:
    """Each call so far is in Google's discovery documents, with its query and its body."""
    calls = [(*call, body) for call, body in world.plan.calls.items()]
    apis = {path.split("/")[1] for _, path, _ in calls}
    assert {"bigquery", "bigquerydatatransfer", "logging", "monitoring", "iam"} <= apis
    assert list(documented.refused(calls)) == []


def numbers(calls: int) -> list[int]:
    """Calls at which a command is killed; 1 is the first."""
    return [1 + round(share * (calls - 1)) for share in SPREAD]


@pytest.mark.timeout(600)
def test_what_was_killed_is_finished_by_the_same_command(world):
    before = sums(world)
    create = (*EROS, "sandbox", "create", "probe")
    destroy = (*EROS, "sandbox", "destroy", "probe", "--yes")
    creating = numbers(world.must(*create).calls)
    destroying = numbers(world.must(*destroy).calls)
    for one, other in zip(creating, destroying, strict=True):
        world.run(*create, fault="kill", number=one)
        assert world.plan.spoilt
        world.must(*create)
        assert_whole(world)
        world.run(*destroy, fault="kill", number=other)
        assert world.plan.spoilt
        # The last calls only write the log of a sandbox that is gone.
        if (world.root / "Pulumi.probe.yaml").exists():
            world.must(*destroy)
        assert not (world.root / "Pulumi.probe.yaml").exists()
        assert "probe" not in world.must("pulumi", "stack", "ls", "--json").output
        assert world.doubles() == []
    assert_untouched(world, before)


def assert_whole(world: World) -> None:
    """The sandbox has all rows, of one moment, and nothing to change."""
    world.must("pulumi", "preview", "--stack", "probe", "--expect-no-changes")
    text = world.must(*EROS, "sandbox", "diff", "-s", "probe", "--format", "json").output
    assert document(text)["objects"] == []


def test_a_source_that_changes_meanwhile_is_compared_as_it_was_and_a_last_day_ends_all(world):
    """Somebody else's deployment is no difference of the sandbox."""
    world.must(*EROS, "sandbox", "create", "late")
    totals = f"`{PROJECT}`.`{DATASET}`.day_totals"
    world.query(f"ALTER TABLE {totals} DROP COLUMN amount")
    only = ("--object", "day_totals", "--format", "json")
    text = world.must(*EROS, "sandbox", "diff", "-s", "late", *only).output
    assert document(text)["objects"] == []
    world.query(f"ALTER TABLE {totals} ADD COLUMN amount NUMERIC")

    sweep = (*EROS, "sandbox", "sweep")
    assert "no sandbox has expired" in world.must(*sweep).output
    world.query(
        f"ALTER SCHEMA {DATASET}_late"
        " SET OPTIONS (labels = [('sandbox', 'late'), ('owner', 'me'), ('expires', '2026-01-01')])"
    )
    assert "last day 2026-01-01" in world.must(*sweep, "--dry-run").output
    assert (world.root / "Pulumi.late.yaml").exists()
    assert "late is destroyed" in world.must(*sweep).output
    assert not (world.root / "Pulumi.late.yaml").exists()
    assert '"late"' not in world.must("pulumi", "stack", "ls", "--json").output
