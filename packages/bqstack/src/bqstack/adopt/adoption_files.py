"""What an adoption leaves behind: the import file, the report and the SQL to look at."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

from bqstack.adopt import survey_report, written_ddl
from bqstack.adopt.survey_parts import Finding, Live, Survey
from bqstack.errors import UserError
from gcptypes.records import ROUTINE, TABLE

IMPORT = "import.json"
REPORT = "report.md"


def write(folder: Path, survey: Survey, again: str) -> list[Path]:
    """Write all files below `folder`; gives their paths. Raises UserError.

    `again` is the command that makes this survey.

    Files of an earlier run are replaced; a folder with other files is refused.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError("this is a file, not a folder", key="--output", value=str(folder))
    if folder.exists() and any(folder.iterdir()) and not (folder / IMPORT).is_file():
        raise UserError("the folder contains other files", key="--output", value=str(folder))
    texts = {
        IMPORT: json.dumps(survey.import_file, indent=2) + "\n",
        REPORT: survey_report.markdown(survey, again),
    }
    for finding in survey.findings:
        texts |= _sql(finding)
    paths = []
    for name, text in texts.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UserError(f"cannot be written: {error.strerror}", file=path) from None
        paths.append(path)
    return paths


def difference(finding: Finding) -> str:
    """Unified difference from what is there to what the program wants; empty for none."""
    if (
        finding.live is None
        or finding.declared is None
        or finding.live.type not in (TABLE, ROUTINE)
    ):
        return ""
    place = _place(finding.live)
    old = written_ddl.statement(finding.live.type, finding.live.inputs)
    new = written_ddl.statement(finding.declared.type, finding.declared.inputs)
    lines = difflib.unified_diff(
        old.splitlines(keepends=True),
        new.splitlines(keepends=True),
        f"live/{finding.live.id}",
        place,
    )
    return "".join(lines)


def _sql(finding: Finding) -> dict[str, str]:
    """The difference of what differs, the file of what exists only live."""
    one = finding.live
    if one is None or one.type not in (TABLE, ROUTINE):
        return {}
    if finding.undeclared:
        return {}
    if finding.has_file:
        return {_place(one): written_ddl.statement(one.type, one.inputs)}
    text = difference(finding)
    return {f"{_place(one)}.diff": text} if text else {}


def _place(one: Live) -> str:
    return f"sql/{written_ddl.folder(one.type, one.inputs)}/{one.name}.sql"
