"""The guard: an update that would lose something is refused before it begins.

It compares the stack's last state with what the program is about to declare, in every
`pulumi preview` and `pulumi up`. Where `pulumi` must be asked for the state it takes a third of
a second, beside the reading of the files. That an update changes nothing is remembered
(`verdicts`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from pathlib import Path

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

from bqstack import state
from bqstack.connection import Connect, GoogleCloud
from bqstack.errors import UserError
from bqstack.guard import allowances, declarations
from bqstack.guard.change import Change, Detail
from bqstack.guard.compare import compare, dropping
from bqstack.guard.verdicts import Verdict
from bqstack.target import Target

# Pulumi's backends answer within seconds, and give up by themselves; longer than both.
PATIENCE_SECONDS = 300


class Guard:
    """The guard of one run of the program; made first, asked last.

    `root` is the program's folder. `warn` takes what is no reason to refuse. `repair` is the
    command that finds out how the operations of a killed engine ended; the name of the stack
    goes behind it.
    """

    def __init__(
        self, warn: Callable[[str], None], root: Path, repair: str = "pulumi refresh --stack"
    ) -> None:
        self._warn = warn
        self._root = root
        self._repair = repair
        self._stack = pulumi.get_stack()
        self._state: Future[state.Checkpoint] = Future()
        # Under Pulumi's mocks there is no stack whose state could be read.
        self._has_stack = not isinstance(get_monitor(), MockMonitor)
        if self._has_stack:
            # Elsewhere than in its own organisation a bare name may be another stack.
            whole = (pulumi.get_organization(), pulumi.get_project(), self._stack)
            name = "/".join(whole) if all(whole) else self._stack
            threading.Thread(target=self._read, args=(name,), daemon=True).start()

    def check(
        self,
        target: Target,
        declare: Callable[[], object],
        judge: Callable[[Sequence[declarations.Declared]], Iterable[object]] | None = None,
        fingerprint: Callable[[], bytes | None] | None = None,
        connect: Connect | None = None,
        rules: str = "",
    ) -> None:
        """Refuse what `declare` would lose; raises UserError that names all of it.

        `judge` gives what the declared resources break of other rules; it is asked when
        something changes. `fingerprint` gives a digest of all that the declarations depend on
        beside the state; with it, an update that was found to change nothing is not looked at
        again. `connect` gives the BigQuery that counts the rows at stake, by default Google's
        with the credentials of this machine. `rules` is where people read what `judge` asks for.
        """
        checkpoint = self._checkpoint() if self._has_stack else None
        if checkpoint is not None and (checkpoint.creating or checkpoint.unread):
            self._interrupted(checkpoint)
        held = checkpoint is not None and any(r.custom for r in checkpoint.resources)
        if checkpoint is None or not (held or judge):
            return
        digest = fingerprint() if fingerprint and held else None
        verdict = Verdict(digest, self._stack, checkpoint) if digest else None
        if verdict and verdict.is_known():
            return
        found = declarations.declarations(
            declare,
            project=pulumi.get_project(),
            stack=self._stack,
            known=checkpoint.by_urn,
        )
        sides = (checkpoint.resources, found.resources, found.aliases, frozenset(found.imports))
        changes = compare(*sides)
        if lesser := dropping(changes):
            # It brings Google's libraries, which most previews need not wait for.
            from bqstack.guard import secured

            ask = connect or (lambda: GoogleCloud(target))
            changes = compare(*sides, secured.known(ask, lesser, self._warn))
        custom = [resource for resource in found.resources if resource.custom]
        if changes and judge and (broken := [str(one) for one in judge(custom)]):
            listed = "\n".join(f"  {one}" for one in broken)
            raise UserError(
                f"the policy pack's rules are violated; nothing has been changed\n{listed}",
                fix=f"{rules} explains each rule" if rules else "change what each line names",
            )
        if not held:
            return  # nothing is there that could be lost
        if refused := allowances.refused(changes, target.allow_loss):
            raise refusal(target, self._stack, refused, connect)
        for change in changes:
            for detail in change.warnings:
                self._warn(f"{change.name}: {detail.text}; {detail.reason}")
        stale = allowances.stale(changes, target.allow_loss)
        for entry in stale:
            self._warn(f"{allowances.key(target)}: {entry!r} is no longer needed: remove it")
        if verdict and not changes and not stale:
            verdict.remember()

    def _interrupted(self, checkpoint: state.Checkpoint) -> None:
        """Refuse to create again what a killed engine may have created."""
        open_ = (*checkpoint.creating, *checkpoint.unread)
        names = ", ".join(urn.rpartition("::")[2] for urn in open_)
        text = f"an interrupted update may have created: {names}"
        fix = f"{self._repair} {self._stack}"
        if pulumi.runtime.is_dry_run():
            self._warn(f"{text}; before the next update: {fix}")
            return
        raise UserError(f"{text}; nothing has been changed", fix=fix)

    def _read(self, name: str) -> None:
        try:
            found = state.kept_in_folder(name, self._root)
            self._state.set_result(state.current(name, self._root) if found is None else found)
        except BaseException as error:
            # The other side waits for an answer: whatever ends this thread is one.
            self._state.set_exception(error)

    def _checkpoint(self) -> state.Checkpoint | None:
        """The last state; None in a preview that cannot read it.

        What the reading failed with, unless the user can fix it, is raised as it is.
        """
        try:
            if not wait([self._state], PATIENCE_SECONDS).done:
                raise UserError(
                    f"`pulumi stack export` has not answered within {PATIENCE_SECONDS} s"
                )
            return self._state.result()
        except UserError as error:
            read = error
        if not pulumi.runtime.is_dry_run():
            raise UserError(
                f"the stack's last state cannot be read, so it is unknown what this"
                f" update would lose: {read.message}",
                fix=read.fix,
            )
        self._warn(f"the stack's last state cannot be read, so nothing is checked: {read.message}")
        return None


def refusal(
    target: Target,
    stack: str,
    refused: list[tuple[Change, list[Detail]]],
    connect: Connect | None = None,
) -> UserError:
    """The error that names every loss, the rows at stake and how to allow it."""
    # It loads Google's client.
    from bqstack.guard import rows_at_stake

    rows = rows_at_stake.counted(connect or (lambda: GoogleCloud(target)), refused)
    lines = []
    for change, details in refused:
        for detail in details:
            at_stake = rows.get((change.urn, detail.path))
            parts = [f"{change.name}: {detail.text}", detail.reason, at_stake]
            lines.append("  " + "; ".join(part for part in parts if part))
    wanted = [detail.allowance for _, details in refused for detail in details]
    commands = allowances.how_to_allow(target, stack, wanted)
    listed = "\n".join(lines)
    return UserError(
        f"the guard refuses this update: it would lose data; nothing has been changed\n{listed}",
        fix="revert the change or, to allow exactly this for one update:\n"
        + "\n".join(f"    {line}" for line in commands.splitlines()),
    )
