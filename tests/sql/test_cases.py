"""Runs the SQL test cases: each file below `cases/` is one test.

A case is BigQuery SQL in sections that start with `-- given`, `-- when` and `-- then`; its
first line, `-- case: ...`, says what it shows. Bare names are objects of a dataset whose
tables are empty when the case begins. Two more header lines are optional:

    -- settings: {"selection": {"policy": "wilson"}}    the catalogue rendered with them
    -- raises: text of the error that -- when must end with
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import GoogleAPICallError

FOLDER = Path(__file__).parent / "cases"
SECTION = re.compile(r"^-- (given|when|then)\s*$", re.MULTILINE)
HEADER = re.compile(r"^-- (case|settings|raises): (.+)$", re.MULTILINE)

pytestmark = [pytest.mark.sql, pytest.mark.emulator]


@dataclass(frozen=True)
class Case:
    """One file: its routine is the folder's name."""

    path: Path
    title: str
    sections: list[tuple[str, str]]
    settings: dict[str, Any] = field(default_factory=dict)
    raises: str | None = None

    @property
    def dataset(self) -> str:
        """Cases with the same settings share a dataset."""
        if not self.settings:
            return "cases"
        text = json.dumps(self.settings, sort_keys=True)
        return f"cases_{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def parse(path: Path) -> Case:
    """The case in a file; raises ValueError when its form is wrong."""
    text = path.read_text(encoding="utf-8")
    header = dict(HEADER.findall(text))
    parts = SECTION.split(text)
    sections = list(zip(parts[1::2], parts[2::2], strict=True))
    names = {name for name, _ in sections}
    if "case" not in header or not {"when", "then"} <= names:
        raise ValueError(f"{path}: needs `-- case: ...` and the sections -- when and -- then")
    return Case(
        path=path,
        title=header["case"],
        sections=sections,
        settings=json.loads(header.get("settings", "{}")),
        raises=header.get("raises"),
    )


CASES = [parse(path) for path in sorted(FOLDER.rglob("*.sql"))]


@pytest.mark.parametrize("case", CASES, ids=[f"{c.path.parent.name}/{c.path.stem}" for c in CASES])
def test_case(case: Case, build):
    # Cases with settings of their own need only their routine, so their dataset is small.
    only = [case.path.parent.name] if case.settings else None
    name = case.dataset if only is None else f"{case.dataset}_{only[0]}"
    warehouse = build(name, only=only, **case.settings)
    warehouse.clear()
    for section, sql in case.sections:
        if section == "when" and case.raises:
            with pytest.raises(GoogleAPICallError, match=re.escape(case.raises)):
                warehouse.run(sql)
        else:
            warehouse.run(sql)
