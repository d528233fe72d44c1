"""What a rollback did, for people (Markdown) and programs (JSON)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bqstack import durable
from bqstack.errors import UserError
from eros import logs
from eros.operations import remote_records
from eros.operations.rollback.rollback_journal import Journal
from eros.operations.rollback.rollback_results import Restored, SafetyBackup, Verified

_LOG = logs.Log("rollback")


@dataclass(frozen=True)
class Report:
    """The result of a rollback."""

    folder: Path
    content: dict[str, Any]
    """What `report.json` holds."""

    @property
    def health_kept(self) -> bool:
        """Whether the system is as healthy as before, or more."""
        return bool(self.content["health"]["after"] >= self.content["health"]["before"])


def write(journal: Journal, *, status: str) -> Report:
    """Write both reports beside the journal; raises UserError when they cannot be written."""
    content = _content(journal, status)
    text = json.dumps(content, indent=2) + "\n"
    try:
        durable.write_bytes(journal.folder / "report.json", text.encode())
        durable.write_bytes(journal.folder / "report.md", _markdown(content).encode())
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", file=error.filename) from None
    remote_records.keep_report(_LOG, journal.folder.name, _markdown(content))
    return Report(journal.folder, content)


def _content(journal: Journal, status: str) -> dict[str, Any]:
    ended = [record for record in journal.records if record.result == "done"]
    safety, restored = journal.found(SafetyBackup), journal.found(Restored)
    health = journal.found(Verified).health
    return {
        "stack": journal.stack,
        "target": journal.target,
        "status": status,
        "started": journal.began,
        "ended": ended[-1].ended,
        "seconds": round(sum(step.seconds for step in ended), 1),
        "why": journal.why,
        "attempts": len(journal.records) - len(ended) + 1,
        "changes": journal.words,
        "dropped": journal.drop,
        "safety_backup": safety.backup,
        "safety_warnings": safety.warnings or [],
        "data": {
            "tables": journal.tables,
            "time": journal.data_time or None,
            "backup": restored.backup,
        },
        "locks": journal.facts("locks"),
        "health": {
            "before": journal.health_before["health_score"],
            "after": health["health_score"],
            "status": health["status"],
        },
        "steps": [
            {"step": s.name, "started": s.started, "seconds": round(s.seconds, 1), **s.facts}
            for s in ended
        ],
        "hint": journal.hint,
    }


def _markdown(content: dict[str, Any]) -> str:
    data, health = content["data"], content["health"]
    rows = f"as of {data['time']}, from backup {data['backup']}" if data["tables"] else "kept"
    lines = [
        f"# Rollback of stack {content['stack']} to {content['target']}",
        "",
        f"- Began {content['started']}, ended {content['ended']} ({content['seconds']} s of work)",
        f"- Why: {content['why'] or 'not recorded'}",
        f"- Health score: {health['before']} before, {health['after']} after ({health['status']})",
        f"- Rows: {rows}",
        f"- Backup of what was there before: {content['safety_backup'] or 'none'}",
        *(f"  - warning: {text}" for text in content["safety_warnings"]),
        f"- Losses accepted: {', '.join(content['dropped']) or 'none'}",
        "",
        "## Changes",
        "",
        *(f"- {line}" for line in content["changes"] or ["none"]),
        "",
        "## Steps",
        "",
        "| step | began | seconds |",
        "| --- | --- | --- |",
        *(f"| {s['step']} | {s['started']} | {s['seconds']} |" for s in content["steps"]),
        "",
        "## Next",
        "",
        content["hint"],
        "",
    ]
    return "\n".join(lines)
