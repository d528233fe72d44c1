"""What the program would create, asked of the engine."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from bqstack import engine, state
from bqstack.adopt.survey_parts import Declared, Wanted
from bqstack.errors import UserError
from bqstack.unchecked import JsonObject


def wanted(stack: str, root: Path) -> Wanted:
    """Resources that the stack's state does not hold yet, and ids of those that it holds.

    Raises UserError.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "import.json"
        command = ["preview", "--stack", stack, "--json", "--non-interactive"]
        done = subprocess.run(
            [engine.executable(), *command, "--import-file", str(file)],
            cwd=root,
            check=False,
            capture_output=True,
            text=True,
        )
        document = _document(done.stdout)
        if done.returncode != 0 or document is None:
            raise UserError(f"the preview failed: {_reason(document, done.stderr)}")
        # The engine writes no file when there is nothing to create.
        imports = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    # The engine leaves out of a preview what stays as it is.
    held = {resource.id for resource in state.current(stack, root).resources if resource.custom}
    return read(document, imports, held)


def read(document: JsonObject, imports: JsonObject, held: Iterable[str | None] = ()) -> Wanted:
    """A preview as `--json` gives it, with what `--import-file` wrote beside it.

    `held` are the ids of what the stack's state has.
    """
    steps = document.get("steps") or []
    created = [step["newState"] for step in steps if step["op"] == "create"]
    return Wanted(
        resources=tuple(
            Declared(
                urn=state["urn"],
                type=state["type"],
                name=state["urn"].rpartition("::")[2],
                inputs=state.get("inputs") or {},
                custom=bool(state.get("custom")),
                protect=bool(state.get("protect")),
            )
            for state in created
        ),
        entries=tuple(imports.get("resources") or ()),
        name_table=imports.get("nameTable") or {},
        managed=frozenset(filter(None, held)),
    )


def _document(text: str) -> JsonObject | None:
    """The JSON in what the engine prints; warnings may stand before it."""
    start = text.find("{")
    try:
        return json.loads(text[start:]) if start >= 0 else None
    except json.JSONDecodeError:
        return None


def _reason(document: JsonObject | None, errors: str) -> str:
    reasons = [
        entry.get("message", "").strip()
        for entry in (document or {}).get("diagnostics") or []
        if entry.get("severity") == "error"
    ]
    return "\n".join(reasons) or errors.strip() or "the engine gave no reason"
