"""`python -m bqstack.plan.declare ROOT STACK`: what the program below ROOT declares, as JSON.

Standard input holds what exists, `{"known": [state entries], "number": project number}`, so
that the outputs of those are not made up. A process of its own, because another commit's
`eros` and `components` have the names of ours. Its files, its settings and its components
count; only the recorder is today's.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bqstack import documents
from bqstack.errors import UserError
from bqstack.guard import program
from bqstack.state import Resource

_SOURCES = Path("packages/bqstack/src")
_OWN_ROOT = Path(__file__).resolve().parents[5]
_PACKAGES = ("bqstack", "components", "eros", "policy")
# Modules of a program: today's names, and those of commits before the library stood apart.
_NAMES = {
    "errors": "bqstack.errors",
    "settings": "eros.project.settings",
    "catalogue": "bqstack.catalogue",
}
_OLD_NAMES = {"errors": "eros.errors", "settings": "eros.settings", "catalogue": "eros.catalogue"}


def main(root: Path, stack: str) -> None:
    """Print the declarations; the program's own mistake goes to stderr, exit code 1."""
    given = json.load(sys.stdin)
    known = {entry["urn"]: Resource.from_state(entry) for entry in given["known"]}
    project = documents.read_yaml(root / "Pulumi.yaml", "Pulumi.yaml")["name"]
    _leave_to(root)
    names = _OLD_NAMES if _is_old(root) else _NAMES
    errors = importlib.import_module(names["errors"])
    try:
        settings = importlib.import_module(names["settings"]).load_stack_file(stack)
        # A plan needs no cloud, not even the local one.
        settings = settings.model_copy(update={"endpoints_file": None})
        system = importlib.import_module("components.system")
        files = _files(system, settings, check=given.get("check", True))
        found = program.declarations(
            lambda: system.System("eros", settings, files),
            project=project,
            stack=stack,
            known=known,
            project_number=given["number"],
        )
        catalogue = importlib.import_module(names["catalogue"]).load(settings)
    except errors.UserError as error:
        sys.exit(str(error))
    if broken := _broken_rules(found) if given.get("check", True) else []:
        listed = "\n".join(f"  {one}" for one in broken)
        sys.exit(f"rules of the policy pack are broken\n{listed}")
    json.dump(
        {
            "resources": [asdict(resource) for resource in found.resources],
            "aliases": found.aliases,
            "imports": sorted(found.imports),
            "allowed": list(getattr(settings, "allow_loss", ())),
            "location": settings.location,
            "adopted": {
                item.name: item.schema for item in catalogue if item.name in catalogue.adopted
            },
        },
        sys.stdout,
    )


def _is_old(root: Path) -> bool:
    """Whether a tree is from before the library stood apart."""
    return any((root / "eros" / name).is_file() for name in ("errors.py", "settings.py"))


def _broken_rules(found: program.Declarations) -> list[str]:
    """What the tree's own policy pack says; older commits have none that can be asked."""
    try:
        declared = importlib.import_module("policy.declared")
    except ModuleNotFoundError:
        return []
    return [str(one) for one in declared.violations(r for r in found.resources if r.custom)]


def _files(system: Any, settings: Any, *, check: bool) -> Any:
    """All files of a tree; what is there already is read even with mistakes in it.

    The program of an older commit has no such choice.
    """
    has_choice = "check" in inspect.signature(system.read).parameters
    return system.read(settings, check=check) if has_choice else system.read(settings)


def _leave_to(root: Path) -> None:
    """Leave the names of our packages to those below `root`, modules that it lacks included."""
    for name in list(sys.modules):
        if name.partition(".")[0] in _PACKAGES:
            del sys.modules[name]
    # The finder of an editable installation would lend it ours.
    sys.meta_path[:] = [f for f in sys.meta_path if getattr(f, "__name__", "") != "_EditableFinder"]
    own = (_OWN_ROOT, _OWN_ROOT / _SOURCES)
    others = [path for path in sys.path if Path(path).resolve() not in own]
    # A program may have the library installed instead of beside it.
    has_library = (root / _SOURCES).is_dir() or _is_old(root)
    library = root / _SOURCES if has_library else _OWN_ROOT / _SOURCES
    sys.path[:] = [str(root), str(library), *others]


def _failure(error: Exception, root: Path) -> str:
    """What a program that does not run failed with, and the last line of its own in it."""
    what = traceback.format_exception_only(error)[-1].strip()
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        frames.append((error.filename or "", error.lineno))
    own = [(file, line) for file, line in frames if Path(file).is_relative_to(root)]
    where = f"{Path(own[-1][0]).relative_to(root)}:{own[-1][1]}: " if own else ""
    return f"{where}the program does not run: {what}"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    try:
        main(folder, sys.argv[2])
    except UserError as error:
        sys.exit(str(error))
    except Exception as error:
        # Another commit may fail in any way; its reader wants the place, not our stack.
        fix = "mend it, or plan against a commit whose program runs"
        sys.exit(f"{_failure(error, folder)}\n  fix: {fix}")
