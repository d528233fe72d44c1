"""Says at once that there is no pandas.

DuckDB looks for pandas on disk with every parameter that it is given, half of the time of a small
statement. `sys.modules["pandas"] = None` would say it, too, but pyarrow, which reads Avro and ORC,
takes that None for the module.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_NAME = "pandas"


class _Absent(MetaPathFinder):
    """Answers before anybody looks on disk."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] == _NAME:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


def install() -> None:
    """Put this finder in front of all others."""
    sys.meta_path.insert(0, _Absent())
