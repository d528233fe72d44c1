"""The Pulumi program through the CLI: what an update would do, and doing it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bqstack import engine, engine_lock
from bqstack import guard as changes
from bqstack.errors import UserError
from bqstack.guard import Change
from bqstack.guard.table_changes import TYPE as TABLE
from bqstack.guard.table_changes import holds_rows
from bqstack.state import Resource

_UNCHANGED = ("same", "read")
# How the engine marks colours in what it tells.
_MARKUP = re.compile(r"<\{%.*?%\}>")


@dataclass(frozen=True)
class Preview:
    """What the next update would do."""

    counts: dict[str, int]
    """Resources per operation, as the engine counts them."""
    changes: tuple[Change, ...]
    touched: tuple[str, ...]
    """`operation name` of everything that is not left alone."""
    tables: tuple[str, ...]
    """Names of the tables among them; views are none."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to deploy."""
        return not self.touched


def preview(stack: str, root: Path) -> Preview:
    """Ask the engine; raises UserError with what the program or the guard says."""
    command = ["preview", "--stack", stack, "--json", "--non-interactive"]
    result = subprocess.run(
        [engine.executable(), *command], cwd=root, check=False, capture_output=True, text=True
    )
    document = _document(result.stdout)
    if result.returncode or document is None:
        raise UserError(_reason(document, result.stderr))
    return read(document)


def read(document: dict[str, Any]) -> Preview:
    """A preview as `pulumi preview --json` writes it."""
    steps = document.get("steps") or []
    touched = [step for step in steps if step["op"] not in _UNCHANGED]
    old = [Resource.from_state(s["oldState"]) for s in touched if s.get("oldState")]
    new = [Resource.from_state(s["newState"]) for s in touched if s.get("newState")]
    names = {step["urn"]: step["urn"].rpartition("::")[2] for step in touched}
    return Preview(
        counts=dict(Counter(document.get("changeSummary") or {})),
        changes=tuple(changes.compare(old, new)),
        touched=tuple(f"{step['op']} {names[step['urn']]}" for step in touched),
        tables=tuple(dict.fromkeys(names[s["urn"]] for s in touched if _holds_rows(s))),
    )


def up(stack: str, root: Path, message: str) -> None:
    """Update the stack with the engine's own progress; raises UserError with its errors."""
    arguments = ("--yes", "--skip-preview", "--suppress-outputs", "--non-interactive")
    command = [engine.executable(), "up", "--stack", stack, *arguments, "--message", message]
    with tempfile.TemporaryDirectory(prefix="eros-deploy-") as folder:
        log = Path(folder) / "events"
        # Standard output may be the report's, for a program to read: progress goes to the other.
        code = engine.in_session(
            [*command, "--event-log", str(log)],
            cwd=root,
            # The CLI knows the log of events under this condition only, as for its own library.
            env=os.environ | {"PULUMI_DEBUG_COMMANDS": "true"},
            stdout=2,
        )
        if code:
            said = errors(log.read_text(encoding="utf-8") if log.exists() else "")
            listed = "\n".join(f"  {error}" for error in said)
            raise UserError(f"pulumi up failed{':' if said else ''}\n{listed}".rstrip())


def errors(events: str) -> list[str]:
    """`name: message` of each error in the engine's log of events, one JSON object a line."""
    found = []
    # An engine that was killed leaves half a line at the end.
    for line in events[: events.rfind("\n") + 1].splitlines():
        diagnostic = json.loads(line).get("diagnosticEvent") or {}
        if diagnostic.get("severity") == "error":
            name = diagnostic.get("urn", "").rpartition("::")[2]
            text = _MARKUP.sub("", diagnostic["message"]).strip()
            found.append(f"{name}: {text}" if name else text)
    return list(dict.fromkeys(found))


def _holds_rows(step: dict[str, Any]) -> bool:
    """Whether the step is about a table; views are of the same type and hold nothing."""
    state = step.get("newState") or step.get("oldState") or {}
    return state.get("type") == TABLE and holds_rows(state.get("inputs") or {})


def _document(text: str) -> dict[str, Any] | None:
    start = text.find("{")
    try:
        return json.loads(text[start:]) if start >= 0 else None
    except ValueError:
        return None


def _reason(document: dict[str, Any] | None, stderr: str) -> str:
    """The errors of a preview, without the frame that the engine puts around them."""
    diagnostics = (document or {}).get("diagnostics") or []
    said = [d["message"].strip() for d in diagnostics if d.get("severity") == "error"]
    text = "\n".join(dict.fromkeys(said)) or stderr.strip() or "no message"
    hint = "; if no pulumi runs: eros repair" if engine_lock.is_locked(text) else ""
    return f"pulumi preview: {text}{hint}"
