"""Destroying a sandbox, or what an interrupted command has left of one."""

from __future__ import annotations

from pathlib import Path

from bqstack import engine, state
from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from eros.cloud import endpoints
from eros.cloud.google import Google
from eros.cloud.local_control import present
from eros.operations import repair
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file
from eros.sandbox import remains, sandbox_file
from eros.sandbox.creating import Progress
from eros.sandbox.sandbox_file import Data

_PROVIDER = "pulumi:providers:gcp"


def destroy(
    name: str, source: str = "local", *, root: Path = PROJECT_ROOT, progress: Progress
) -> list[str]:
    """Destroy all of a sandbox; returns the resources that its state did not list, by name.

    One whose file is not on this machine is found by the names that it has beside `source`.
    Raises UserError when there is none, and when something cannot be deleted.
    """
    has_file = sandbox_file.path(name, root).is_file()
    if not has_file:
        today = present(load_stack_file(source, root)).date()
        content = sandbox_file.document(name, source, Data.NONE, today, 1, root)
        google = Google(sandbox_file.settings(content, name, root), root)
        if not remains.find(google) and not state.has_stack(name, root):
            raise UserError(
                f"there is no sandbox {name!r} beside {source}", fix="eros sandbox list"
            )
        # The engine reads its settings from the file.
        sandbox_file.write(name, content, root)
    google = Google(sandbox_file.read(name, root), root)
    if state.has_stack(name, root):
        progress(f"the stack {name}: pulumi destroy")
        repair.repair(google, name, root=root, progress=progress)
        options = ["--yes", "--skip-preview"]
        if _has_moved(google, name, root):
            # The engine asks where its state says, and only the program knows the addresses of now.
            options.append("--run-program")
        engine.run_quietly("destroy", "--stack", name, *options, root=root)
    progress(f"looking for what is left: {', '.join(remains.ASKED)}")
    left = remains.find(google)
    for one in left:
        progress(f"deleting {one}")
        try:
            one.delete()
        except FAILURES as error:
            raise UserError(f"{one} cannot be deleted: {explained(error)}") from error
    if still := remains.find(google):
        raise UserError(
            f"still there: {', '.join(map(str, still))}", fix=f"eros sandbox destroy {name}"
        )
    if state.has_stack(name, root):
        engine.output("stack", "rm", name, "--yes", "--preserve-config", root=root)
    # Last: an interrupted command finds the sandbox by this file.
    sandbox_file.path(name, root).unlink()
    return [str(one) for one in left]


def _has_moved(google: Google, name: str, root: Path) -> bool:
    """Whether the local cloud has other addresses than the stack's provider was made with."""
    addresses = endpoints.load(google.settings, root)
    held = state.current(name, root).resources if addresses else ()
    return any(
        one.inputs.get(key, address) != address
        for one in held
        if one.type == _PROVIDER
        for key, address in addresses.items()
    )
