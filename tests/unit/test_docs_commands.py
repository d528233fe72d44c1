"""Commands, options and settings that the documents and catalogues name exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from bqstack.documents import dotted
from eros.cli.app import build
from eros.project import schedules
from eros.project.settings import NAMESPACE, PROJECT_ROOT, Settings
from eros.watch import monitor

TEXTS = sorted(
    [
        PROJECT_ROOT / "README.md",
        *(PROJECT_ROOT / "docs").rglob("*.md"),
        *(PROJECT_ROOT / "config").glob("*.yaml"),
    ]
)
# In a block, in `code`, or a step of an alert rule; up to a comment, the next command or the
# next column.
_COMMAND = re.compile(r"(?:^ *(?:- )?|`)(eros(?: [^`\n#|;& ]+)+)", re.MULTILINE)
# `eros:section` stands for any.
_SETTING = re.compile(rf"\b{NAMESPACE}:(?!section\b)([a-z][A-Za-z0-9]*)(?:\.([a-z][A-Za-z0-9]*))?")
_TREE = typer.main.get_command(build())


def commands(text: str) -> list[list[str]]:
    """Words of each command of `eros` that the text shows."""
    return [shlex.split(found)[1:] for found in _COMMAND.findall(text)]


def mistake(words: list[str]) -> str:
    """What does not exist in the words behind `eros`; empty when all does."""
    current = _TREE
    for word in words:
        options = {name for p in current.params for name in (*p.opts, *p.secondary_opts)}
        if word.startswith("-"):
            if word.partition("=")[0] not in options | {"--help"}:
                return f"no option {word}"
        elif hasattr(current, "commands"):
            if word not in current.commands:
                return f"no command {word}"
            current = current.commands[word]
    return argument_mistake(words)


def argument_mistake(words: list[str]) -> str:
    """A scheduled query or monitoring query that does not exist."""
    questions = {query.name for query in monitor.QUERIES} | {monitor.PARTITIONS, monitor.REPORT}
    known = {"run": schedules.load().keys(), "monitor": questions}
    if len(words) > 1 and words[0] in known and re.fullmatch(r"[a-z][a-z_]*", words[1]):
        return "" if words[1] in known[words[0]] else f"nothing to {words[0]}: {words[1]}"
    return ""


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(PROJECT_ROOT)))
def test_commands_exist(path: Path):
    found = [(words, mistake(words)) for words in commands(path.read_text(encoding="utf-8"))]
    assert [f"eros {' '.join(words)}: {wrong}" for words, wrong in found if wrong] == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(PROJECT_ROOT)))
def test_settings_exist(path: Path):
    fields = {dotted((name,)): field.annotation for name, field in Settings.model_fields.items()}
    wrong = []
    for section, key in _SETTING.findall(path.read_text(encoding="utf-8")):
        inner = getattr(fields.get(section), "model_fields", None)
        keys = {dotted((name,)) for name in inner} if inner else None
        if section not in fields or (key and keys is not None and key not in keys):
            wrong.append(f"{NAMESPACE}:{section}{'.' if key else ''}{key}")
    assert wrong == []


def test_the_check_finds_mistakes():
    assert mistake(["rollback", "--list"]) == ""
    assert mistake(["rollbak"]) == "no command rollbak"
    assert mistake(["backup", "create", "--kinds", "daily"]) == "no option --kinds"
    assert mistake(["run", "no_such_query"]) == "nothing to run: no_such_query"


# What one part of the program tells another, and no person sets.
INNER = {"BACKEND_URL", "PULUMI_HOME", "LOCAL_ROOT", "LOCAL_PORTS_FILE", "PLAN_LINK"}


def test_every_variable_that_a_person_may_set_is_on_the_first_page():
    folders = ("eros", "packages/bqstack/src", "packages/localgcp/src", "tools")
    sources = [path for folder in folders for path in (PROJECT_ROOT / folder).rglob("*.py")]
    read = {
        name
        for path in sources
        for name in re.findall(r"\"EROS_([A-Z_]+)\"", path.read_text(encoding="utf-8"))
    }
    assert "LOCAL_DIR" in read
    text = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`EROS_([A-Z_]+)`", text))
    assert named == read - INNER
