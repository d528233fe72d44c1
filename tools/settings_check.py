"""Reads the settings of every stack and all catalogues, as `pulumi preview` does before it starts.

`python -m tools.settings_check`: a hook, so that a wrong key is reported before it is committed.
"""

from __future__ import annotations

import sys

from bqstack.errors import UserError
from components.system import read
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import check_file, load_stack_file


def main() -> int:
    """The exit code of the process."""
    wrong = 0
    for file in sorted(PROJECT_ROOT.glob("Pulumi.*.yaml")):
        stack = file.name.split(".")[1]
        try:
            check_file(stack)
            read(load_stack_file(stack))
        except UserError as error:
            print(f"error: {error}", file=sys.stderr)
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
