"""Operations that a dead engine left unfinished.

Pulumi asks a person whether each resource was created. Nobody may be there to say, and a wrong
answer makes a second schedule of the same name, so the cloud is asked: what is there is taken
into the state, what is not is forgotten, and a refresh reads the rest.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bqstack import engine, engine_lock, state
from bqstack.errors import UserError
from eros.cloud.google import Google
from eros.operations.repair import lookup

_CREATING = "creating"


@dataclass(frozen=True)
class Settled:
    """What was found out, by the names of the resources."""

    imported: tuple[str, ...] = ()
    """They had been created, and are in the state now."""
    forgotten: tuple[str, ...] = ()
    """They had not been created, or can be asked for again without a second one."""
    looked_at: tuple[str, ...] = ()
    """They were there before, and were read again."""
    doubles: tuple[str, ...] = ()
    """Ids of further resources that look the same as one that was imported."""

    @property
    def all(self) -> tuple[str, ...]:
        """Every resource that was settled."""
        return (*self.imported, *self.forgotten, *self.looked_at)


def settle(
    google: Google,
    stack: str,
    root: Path,
    message: str,
    *,
    patient: bool = True,
    taken: Sequence[str] = (),
    remember: Callable[[Sequence[str]], None] = lambda _: None,
) -> Settled:
    """Find out how interrupted operations ended, and make the state say so.

    `remember` receives the urns that a refresh has yet to read, before the state calls their
    operations ended; `taken` has those of an earlier try that may have died before it.
    Raises UserError, or one of `eros.cloud.google.FAILURES`.
    """
    found = Settled()
    targets = dict.fromkeys(taken)
    current = state.current(stack, root)
    targets.update(dict.fromkeys(current.unread))
    if current.pending:

        def take_over() -> Settled:
            # Read here: while another engine is still at work, they are no interrupted ones.
            document = json.loads(_pulumi(stack, root, "stack", "export"))
            edit = _Edit(google, document["deployment"])
            result = edit.settle()
            if edit.unknown:
                raise UserError(
                    "these cannot be looked up, so nothing is decided about the interrupted"
                    f" update: {', '.join(edit.unknown)}",
                    fix=f"pulumi refresh --stack {stack} (in a terminal: it asks about each)",
                )
            targets.update(dict.fromkeys(edit.targets))
            remember(tuple(targets))
            with tempfile.TemporaryDirectory(prefix="eros-state-") as folder:
                file = Path(folder, "state.json")
                file.write_text(json.dumps(document), encoding="utf-8")
                _pulumi(stack, root, "stack", "import", "--file", str(file))
            return result

        found = engine_lock.when_free(take_over, stack, root, patient=patient)
    if targets:
        there = state.current(stack, root).by_urn
        options = [f"--target={urn}" for urn in targets if urn in there]
        if options:
            arguments = ("refresh", "--yes", "--skip-preview", f"--message={message}", *options)
            engine_lock.when_free(
                lambda: _pulumi(stack, root, *arguments), stack, root, patient=patient
            )
        again = tuple(_name(urn) for urn in targets if _name(urn) not in found.all)
        found = Settled(
            found.imported,
            found.forgotten,
            (*found.looked_at, *again),
            found.doubles,
        )
    return found


class _Edit:
    """A deployment that is changed: created resources are in it, no operation is open."""

    def __init__(self, google: Google, deployment: dict[str, Any]) -> None:
        self._google = google
        self._deployment = deployment
        self._resources: list[dict[str, Any]] = deployment.get("resources") or []
        self.targets: list[str] = []
        """Urns that a refresh has to read."""
        self.unknown: list[str] = []
        """What nobody knows how to look up, with its type."""

    def settle(self) -> Settled:
        imported, forgotten, looked_at, doubles = [], [], [], []
        for operation in self._deployment.pop("pending_operations", None) or []:
            resource = operation["resource"]
            name = _name(resource["urn"])
            if operation["type"] != _CREATING:
                looked_at.append(name)
                self.targets.append(resource["urn"])
            elif not resource.get("custom", True) or resource["type"].startswith("pulumi:"):
                forgotten.append(name)
            elif not lookup.can_find(resource["type"]):
                self.unknown.append(f"{name} ({resource['type']})")
            else:
                found = self._new_ids(resource)
                if found:
                    self._put({**resource, "id": found[0]})
                    imported.append(name)
                    doubles += found[1:]
                else:
                    forgotten.append(name)
        self._deployment["resources"] = self._resources
        return Settled(*map(tuple, (imported, forgotten, looked_at, doubles)))

    def _new_ids(self, resource: dict[str, Any]) -> list[str]:
        taken = {r.get("id") for r in self._resources if not r.get("pendingReplacement")}
        inputs = resource.get("inputs") or {}
        return [i for i in lookup.ids(self._google, resource["type"], inputs) if i not in taken]

    def _put(self, created: dict[str, Any]) -> None:
        """Put a resource into the state, in the place of the one that it replaces."""
        urn = created["urn"]
        self.targets.append(urn)
        for index, old in enumerate(self._resources):
            if old["urn"] == urn and not old.get("delete"):
                self._resources[index] = created
                if not old.get("pendingReplacement"):
                    # As the engine leaves it between the creation and the deletion.
                    self._resources.append({**old, "delete": True})
                return
        self._resources.append(created)


def _pulumi(stack: str, root: Path, *arguments: str) -> str:
    return engine.output(*arguments, "--stack", stack, root=root)


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
