"""The steps of a repair. Each can be made twice; none changes anything but the stack's state."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bqstack import durable, engine_lock, state
from bqstack.amounts import counted
from bqstack.errors import UserError
from eros import logs
from eros.cloud.google import Google
from eros.operations.repair import pending
from eros.operations.repair.pending import Settled
from eros.project.settings import PROJECT_ROOT

_LOG = logs.Log("repair")
_MESSAGE = "eros repair"
_FILE = "open.json"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Repair:
    """What was wrong with a stack's state and is fixed; empty when nothing was."""

    lock: tuple[str, ...] = ()
    """Dead processes whose lock was taken away."""
    put_back: str = ""
    """When the copy was written that stands in for a broken state; ISO 8601, or empty."""
    settled: Settled = field(default_factory=Settled)

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to repair."""
        return not (self.lock or self.put_back or self.settled.all)

    def document(self) -> dict[str, Any]:
        """The repair as JSON."""
        return {
            "locks": list(self.lock),
            "stateOf": self.put_back or None,
            "imported": list(self.settled.imported),
            "forgotten": list(self.settled.forgotten),
            "lookedAt": list(self.settled.looked_at),
            "doubles": list(self.settled.doubles),
        }


def repair(google: Google, stack: str, *, root: Path = PROJECT_ROOT, progress: Progress) -> Repair:
    """Make the state say what is in the cloud, after an engine that did not finish.

    Raises UserError while another engine works on the stack, when a broken state has no whole
    copy, and when a resource cannot be looked up; what was fixed before that stays fixed.
    """
    dead = _dead_holders(google, stack, root)
    # First: the engine takes no lock away from a state that it cannot read.
    if broken := state.drop_broken_notes(root):
        progress(f"{counted(broken, 'broken note')} beside files of the backend: removed")
    put_back = _state(google, stack, root, progress)
    locks = _unlocked(dead, stack, root, progress)
    settled = _operations(google, stack, root, progress)
    done = Repair(locks, put_back, settled)
    if not done.is_empty:
        _LOG.audit("stack repaired", result="succeeded", stack=stack, **done.document())
    return done


def refuse_damage(google: Google, stack: str, root: Path) -> None:
    """Raise UserError that names `eros repair` when the stack's file is broken."""
    if (broken := state.damage(stack, root, _storage(google))) is not None:
        when = f"; the copy next to it is from {broken.time}" if broken.time else ""
        raise UserError(
            f"the state of stack {stack} is no longer a valid checkpoint{when}",
            file=Path(broken.name),
            fix=f"eros repair --stack {stack}",
        )


def held_locks(google: Google, stack: str, root: Path) -> list[engine_lock.Holder]:
    """Engines that have the stack's lock, dead ones too; raises UserError."""
    return engine_lock.holders(stack, root, _storage(google))


def lock_message(holder: engine_lock.Holder, stack: str) -> tuple[str, str]:
    """What a lock on the stack means, and what to do about it."""
    text = f"the stack is locked by {holder}"
    if not holder.is_here:
        fix = f"wait until it finishes; if you are sure it is dead: pulumi cancel --stack {stack}"
        return f"{text}, on another machine", fix
    if holder.is_dead:
        return f"{text}, which is dead", f"eros repair --stack {stack}"
    return f"{text}, which is running", "wait until it finishes"


def _storage(google: Google) -> Callable[[], Any]:
    """Cloud Storage for backends that are buckets; a folder needs no client."""
    return lambda: google.api("storage")


def _dead_holders(google: Google, stack: str, root: Path) -> list[engine_lock.Holder]:
    """Holders of the lock that are gone; raises UserError when one is not."""
    found = held_locks(google, stack, root)
    for holder in found:
        if not holder.is_dead:
            text, fix = lock_message(holder, stack)
            raise UserError(text, fix=fix)
    return found


def _unlocked(
    dead: Sequence[engine_lock.Holder], stack: str, root: Path, progress: Progress
) -> tuple[str, ...]:
    if not dead:
        return ()
    engine_lock.clear(stack, root)
    gone = tuple(str(holder) for holder in dead)
    progress(f"lock of a dead process: removed ({', '.join(gone)})")
    return gone


def _state(google: Google, stack: str, root: Path, progress: Progress) -> str:
    broken = state.damage(stack, root, _storage(google))
    if broken is None:
        return ""
    if broken.copy is None:
        raise UserError(
            "the state is no longer a valid checkpoint, and there is no intact copy next to it",
            file=Path(broken.name),
            fix="import a `pulumi stack export` (pulumi stack import --file FILE), "
            f"or an earlier state: eros rollback --list --stack {stack}",
        )
    broken.put_back()
    when = broken.time.isoformat(timespec="seconds") if broken.time else "an unknown time"
    progress(f"state: broken, restored from its copy of {when}")
    return when


def _operations(google: Google, stack: str, root: Path, progress: Progress) -> Settled:
    kept = _Kept(stack)
    found = pending.settle(google, stack, root, _MESSAGE, taken=kept.urns(), remember=kept.remember)
    kept.forget()
    for what, names in (
        ("created, now in the state", found.imported),
        ("not created, or will be requested again: forgotten", found.forgotten),
        ("read again", found.looked_at),
    ):
        if names:
            progress(f"{what}: {', '.join(names)}")
    if found.doubles:
        progress(f"exists twice, delete these: {', '.join(found.doubles)}")
    return found


class _Kept:
    """Urns that a refresh has yet to read, on disk: a repair that is killed goes on."""

    def __init__(self, stack: str) -> None:
        name = stack.rpartition("/")[2]
        self._file = logs.default_folder(name) / "repairs" / name / _FILE

    def urns(self) -> list[str]:
        try:
            return list(json.loads(self._file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError):
            raise UserError(
                "not a file that an interrupted repair left", file=self._file, fix="delete it"
            ) from None

    def remember(self, urns: Sequence[str]) -> None:
        try:
            durable.private_folder(self._file.parent)
            durable.write_json(self._file, list(urns))
        except OSError as error:
            raise UserError(f"cannot be written: {error.strerror}", file=self._file) from None

    def forget(self) -> None:
        self._file.unlink(missing_ok=True)


def remaining(stack: str, root: Path) -> dict[str, int]:
    """What the next update would do: resources per operation. Raises UserError."""
    # Late: a deployment that is resumed begins with a repair.
    from eros.operations.deploy import pulumi_updates

    counts = pulumi_updates.preview(stack, root).counts
    return {kind: n for kind, n in counts.items() if kind not in ("same", "read")}
