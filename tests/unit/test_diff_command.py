"""`eros diff`: options, files, refusals; the rows are given."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from bqstack import rows
from bqstack.errors import UserError
from bqstack.plan import sources
from bqstack.rows import Example, ObjectDiff, RowDiff
from eros.cli import diff as command
from eros.cloud import google

app = typer.Typer()
app.command()(command.diff)
FOUND = RowDiff(
    "local",
    "commit a",
    "the working tree",
    (
        ObjectDiff(
            "pool",
            "view",
            is_changed=True,
            before=3,
            after=3,
            changed=1,
            columns={"share": 1},
            by=("page",),
            examples=(Example({"page": "p"}, {"share": 1}, {"share": 2}),),
        ),
        ObjectDiff("dice", "view", is_changed=False, unknown="different rows on every call"),
    ),
    left_out=("far",),
)


@pytest.fixture(autouse=True)
def cloud(monkeypatch):
    """A cloud that is not asked; the local stack is on this machine."""

    def connected(settings):
        return SimpleNamespace(
            is_local=settings.environment == "local", bigquery=None, settings=settings
        )

    monkeypatch.setattr(google, "Google", connected)
    monkeypatch.setattr(sources, "trees", lambda *given: given[1:3])
    monkeypatch.setattr(rows, "compare", lambda *_, **__: FOUND)


def run(*arguments: str):
    return CliRunner().invoke(app, arguments)


def test_what_differs_is_reported_with_counts_columns_and_examples():
    text = run().stdout
    assert "view pool: 3 rows, then 3; 1 changed" in text
    assert "rows that differ, by column: share 1" in text
    assert 'page="p": share 1 -> 2' in text
    assert "view dice: not compared: different rows on every call" in text
    assert "not compared, too many: far" in text


def test_a_folder_gets_markdown_and_json(tmp_path):
    result = run("--output", str(tmp_path / "plan"), "--format", "json")
    assert result.exit_code == 0
    document = json.loads((tmp_path / "plan/rows.json").read_text())
    assert document == json.loads(result.stdout)
    assert document["objects"][0]["columns"] == {"share": 1}
    assert (
        "| view `pool` | 3 | 3 | 0 | 0 | 1 | `share` 1 |" in (tmp_path / "plan/rows.md").read_text()
    )


def test_a_stack_of_google_is_refused_by_name():
    error = run("--stack", "prod").exception
    assert isinstance(error, UserError)
    assert "--stack: rows are compared on a local stack only" in str(error)
    assert "eros plan --stack prod" in str(error)


def test_a_folder_that_cannot_be_made_is_an_error_before_anything_is_compared(tmp_path):
    (tmp_path / "file").write_text("")
    error = run("--output", str(tmp_path / "file/plan")).exception
    assert isinstance(error, UserError)
    assert "the folder cannot be created" in str(error)
