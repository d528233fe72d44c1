"""`python -m eros.plan.declare ROOT STACK`: what the program below ROOT declares, as JSON.

Standard input holds what exists, `{"known": [state entries], "number": project number}`, so
that the outputs of those are not made up. A process of its own, because another commit's
`eros` and `components` have the names of ours. Its files, its settings and its components
count; only the recorder is today's.
"""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

from eros import validation
from eros.changes import program
from eros.state import Resource

_PACKAGES = ("components", "eros")


def main(root: Path, stack: str) -> None:
    """Print the declarations; the program's own mistake goes to stderr, exit code 1."""
    given = json.load(sys.stdin)
    known = {entry["urn"]: Resource.from_state(entry) for entry in given["known"]}
    project = validation.read_yaml(root / "Pulumi.yaml", "Pulumi.yaml")["name"]
    for name in list(sys.modules):
        if name.partition(".")[0] in _PACKAGES:
            del sys.modules[name]
    sys.path.insert(0, str(root))
    errors = importlib.import_module("eros.errors")
    try:
        settings = importlib.import_module("eros.settings").load_stack_file(stack)
        # A plan needs no cloud, not even the local one.
        settings = settings.model_copy(update={"endpoints_file": None})
        system = importlib.import_module("components.system").System
        found = program.declarations(
            lambda: system("eros", settings),
            project=project,
            stack=stack,
            known=known,
            project_number=given["number"],
        )
        catalogue = importlib.import_module("eros.catalogue").load(settings)
    except errors.UserError as error:
        sys.exit(str(error))
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


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
