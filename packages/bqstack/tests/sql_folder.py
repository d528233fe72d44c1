"""A project folder whose sql/ a test writes file by file."""

from __future__ import annotations

import re
from pathlib import Path


class SqlFolder:
    """A project folder whose sql/ is written file by file."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, text: str) -> None:
        """Write `text` to sql/`path`; `@` stands for the qualifier of the dataset.

        `@value` stays a parameter, and `@@name` a system variable.
        """
        file = self.root / "sql" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        written = re.sub(r"(?<!@)@(?!@|value\b)", "`{{ project }}`.`{{ dataset }}`.", text)
        file.write_text(written, encoding="utf-8")
