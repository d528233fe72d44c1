"""`eros repair`: a stack that a killed or broken update has left, fixed."""

from __future__ import annotations

import json
import sys

from eros.cli.common import Format, Output, Stack, console
from eros.cli.waiting import in_steps, working
from eros.cloud.google import Google
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file


def repair(stack: Stack = "local", output: Output = Format.TEXT) -> None:
    """Repair a stack after an interrupted update: lock, state file, open operations.

    Changes only the stack's state, nothing in the cloud, then shows what an update would do.
    Exit code 1 if something cannot be repaired; the message says what and why.
    """
    with working("repair: loading"):
        # Late: Pulumi's libraries take longer to import than most commands to run.
        from eros.operations import repair as repairs

    google = Google(load_stack_file(stack))
    with in_steps(f"repair: {stack}", _progress) as progress:
        done = repairs.repair(google, stack, root=PROJECT_ROOT, progress=progress)
        progress("asking what is left to change")
        left = repairs.remaining(stack, PROJECT_ROOT)
    if output is Format.JSON:
        print(json.dumps({**done.document(), "left": left}, indent=2))
        return
    console.print("nothing to repair" if done.is_empty else "repaired", markup=False)
    if left:
        counts = ", ".join(f"{n} to {kind}" for kind, n in sorted(left.items()))
        console.print(f"the next update has {counts}: pulumi up --stack {stack}", markup=False)
    else:
        console.print("the stack is as the program says", markup=False)


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
