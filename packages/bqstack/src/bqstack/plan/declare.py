"""`python -m bqstack.plan.declare ROOT STACK`: what the program below ROOT declares, as JSON.

Standard input holds what exists, `{"known": [state entries], "number": project number}`, so
that the outputs of those are not made up. A process of its own, because the modules of another
commit have the names of ours: `bqstack.plan.sources` starts it with the other's on its path.
"""

from __future__ import annotations

import json
import sys
import traceback
from dataclasses import asdict
from pathlib import Path

from bqstack import documents, program
from bqstack.errors import UserError
from bqstack.guard.declarations import declarations
from bqstack.state import Resource


def main(root: Path, stack: str) -> None:
    """Print the declarations; raises UserError and whatever the program raises."""
    given = json.load(sys.stdin)
    check = given.get("check", True)
    known = {entry["urn"]: Resource.from_state(entry) for entry in given["known"]}
    project = documents.read_yaml(root / "Pulumi.yaml", "Pulumi.yaml")["name"]
    made = program.entry(root)(stack, check=check)
    found = declarations(
        made.declare,
        project=project,
        stack=stack,
        known=known,
        project_number=given["number"],
    )
    custom = [resource for resource in found.resources if resource.custom]
    if check and made.judge and (broken := list(made.judge(custom))):
        listed = "\n".join(f"  {one}" for one in broken)
        raise UserError(f"the policy pack's rules are violated\n{listed}")
    json.dump(
        {
            "resources": [asdict(resource) for resource in found.resources],
            "aliases": found.aliases,
            "imports": sorted(found.imports),
            "allowed": list(made.target.allow_loss),
            "location": made.target.location,
            "adopted": {
                name: list(getattr(made.catalogue.objects[name], "schema", ()))
                for name in sorted(made.catalogue.adopted)
            },
        },
        sys.stdout,
    )


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
        fix = "fix it, or plan against a commit whose program runs"
        sys.exit(f"{_failure(error, folder)}\n  fix: {fix}")
