"""Preview and update of a stack by an inline program, through Pulumi's Automation API."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bqstack import engine, engine_lock
from bqstack.errors import UserError
from bqstack.state import Checkpoint, Resource

if TYPE_CHECKING:
    from pulumi import automation

_ERROR = "error: "


@dataclass(frozen=True)
class Step:
    """One thing that the engine does: the operation, and the inputs that differ."""

    urn: str
    operation: str
    """create, update, delete, replace, create-replacement, delete-replaced, ..."""
    differs: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the resource."""
        return self.urn.rpartition("::")[2]


class Updates:
    """The engine on one stack.

    The workspace is the project's own folder, so that the stack's settings, its secrets
    provider and its backend are the ones that `pulumi up` uses.
    """

    def __init__(self, stack: str, root: Path, *, patient: bool = False) -> None:
        self.stack = stack
        self.root = root
        self._patient = patient

    def preview(self, checkpoint: Checkpoint) -> list[Step]:
        """What an update to this checkpoint would do; raises UserError."""
        steps: list[Step] = []
        self._run(checkpoint, lambda stack: stack.preview(on_event=_collector(steps)))
        return steps

    def apply(
        self, checkpoint: Checkpoint, message: str, ready: Callable[[Resource], None] | None = None
    ) -> list[Step]:
        """Bring the stack to this checkpoint; what was done. Raises UserError.

        `ready` is that of `replay.program`.
        """
        steps: list[Step] = []
        self._run(
            checkpoint,
            lambda stack: stack.up(
                message=message, on_event=_collector(steps), suppress_outputs=True
            ),
            ready,
        )
        return steps

    def _run(
        self,
        checkpoint: Checkpoint,
        operation: Callable[[automation.Stack], object],
        ready: Callable[[Resource], None] | None = None,
    ) -> None:
        # Pulumi's libraries take longer to import than most commands to run.
        from pulumi import automation

        from eros.operations.rollback import replay

        class Workspace(automation.LocalWorkspace):
            """Leaves alone which stack the person has selected in this folder."""

            def select_stack(self, stack_name: str) -> None:
                del stack_name

        workspace = Workspace(
            work_dir=str(self.root),
            program=replay.program(checkpoint, ready),
            pulumi_command=_command(),
        )
        stack = automation.Stack.select(self.stack, workspace)

        def attempt() -> None:
            try:
                operation(stack)
            except automation.CommandError as error:
                raise self._explained(_reasons(error)) from None

        self.when_free(attempt)

    def when_free[T](self, operation: Callable[[], T]) -> T:
        """Do something that needs the stack's lock; wait for it when that was asked for."""
        return engine_lock.when_free(operation, self.stack, self.root, patient=self._patient)

    def _explained(self, text: str) -> UserError:
        fix = None
        if engine_lock.is_locked(text):
            fix = (
                "wait for the other update; when its process has died: "
                f"eros repair --stack {self.stack}"
            )
        return UserError(f"pulumi: {text}", fix=fix)


def _command() -> Any:
    """`pulumi` with its output in files.

    The library reads it from pipes. When this process is killed, writing to a broken pipe
    kills `pulumi` too, with the stack locked and operations of unknown end. Without one it
    notices that its program is gone, ends what it has begun and saves the state.

    When we are interrupted, the library's way would kill `pulumi` a quarter of a second later.
    """
    from pulumi import automation
    from pulumi.automation.errors import create_command_error

    class Command(automation.PulumiCommand):
        def run(
            self,
            args: list[str],
            cwd: str,
            additional_env: Any,
            on_output: Any = None,
            on_error: Any = None,
        ) -> automation.CommandResult:
            del on_output, on_error
            with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
                code = engine.in_session(
                    [self.command, "--non-interactive", *args],
                    cwd=cwd,
                    env={**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"},
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                )
                out.seek(0)
                err.seek(0)
                result = automation.CommandResult(out.read().strip(), err.read().strip(), code)
            if code != 0:
                raise create_command_error(result)
            return result

    return Command()


def _collector(steps: list[Step]) -> Callable[[automation.EngineEvent], None]:
    def collect(event: automation.EngineEvent) -> None:
        if event.resource_pre_event is None:
            return
        data = event.resource_pre_event.metadata
        if data.op.value not in ("same", "read"):
            paths = data.detailed_diff or dict.fromkeys(data.diffs or ())
            steps.append(Step(data.urn, data.op.value, tuple(paths)))

    return collect


def _reasons(error: automation.CommandError) -> str:
    """The engine's own messages without the frame that the library puts around."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    found = [index for index, line in enumerate(lines) if _ERROR in line]
    if not found:
        return lines[-1] if lines else "no message"
    # A lock's holder stands on the line after.
    said = [lines[index].partition(_ERROR)[2] for index in found]
    said += [line for line in lines if engine_lock.holder_in(line)]
    return "; ".join(dict.fromkeys(said))
