"""docs/objects.md and docs/objects/: what they say, and that they are up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from bqstack import catalogue
from eros import reference
from eros.project import schedules
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file
from eros.reference import relations

TABLE = "CREATE TABLE IF NOT EXISTS @{name} (a INT64) OPTIONS (description = 'T');"
VIEW = "CREATE OR REPLACE VIEW @{name} OPTIONS (description = 'V') AS SELECT a FROM @{of};"


def test_the_pages_are_what_the_generator_writes():
    old = reference.differing(reference.pages(load_stack_file("local")))
    assert old == [], f"not what sql/ says any more: {', '.join(map(str, old))}: run `eros docs`"


def test_a_page_that_is_not_written_any_more_is_reported(tmp_path):
    (tmp_path / "docs/objects").mkdir(parents=True)
    (tmp_path / "docs/objects/gone.md").write_text("")
    (tmp_path / "docs/objects.md").write_text("as it should be")
    texts = {Path("docs/objects.md"): "as it should be"}
    assert [str(p) for p in reference.differing(texts, tmp_path)] == ["docs/objects/gone.md"]


def test_every_page_of_the_folder_stands_in_its_table_of_contents():
    contents = (PROJECT_ROOT / "docs/README.md").read_text(encoding="utf-8")
    pages = sorted(p.name for p in (PROJECT_ROOT / "docs").glob("*.md") if p.name != "README.md")
    missing = [name for name in pages if f"]({name})" not in contents]
    assert missing == [], "docs/README.md has one line for each page"


def test_every_decision_stands_in_its_table_of_contents():
    folder = PROJECT_ROOT / "docs/decisions"
    contents = (PROJECT_ROOT / "docs/README.md").read_text(encoding="utf-8")
    missing = [
        p.name for p in sorted(folder.glob("0*.md")) if f"(decisions/{p.name})" not in contents
    ]
    assert missing == [], "docs/README.md has one link for each decision"


def test_a_schedule_leads_to_its_own_procedure_and_not_to_the_one_that_all_call():
    settings = load_stack_file("local")
    index = reference.pages(settings)[Path("docs/objects.md")]
    table = index.partition("## Scheduled queries")[2].partition("\n## ")[0]
    shown = [line.split("`")[1] for line in table.splitlines() if line.startswith("| [")]
    assert shown == list(schedules.load())


@pytest.fixture
def known(sql, settings):
    """Relations of a small system."""
    for name in ("source", "target", "log"):
        sql.write(f"tables/{name}.sql", TABLE.format(name=name))
    sql.write("external_tables/foreign.sql", TABLE.format(name="foreign"))
    sql.write("views/seen.sql", VIEW.format(name="seen", of="target"))
    sql.write("views/elsewhere.sql", VIEW.format(name="elsewhere", of="foreign"))
    sql.write(
        "functions/twice.sql",
        "CREATE OR REPLACE FUNCTION @twice(x INT64) RETURNS INT64"
        " OPTIONS (description = 'F') AS (2 * x);",
    )
    sql.write(
        "procedures/note.sql",
        "CREATE OR REPLACE PROCEDURE @note() OPTIONS (description = 'P')\n"
        "BEGIN\n  TRUNCATE TABLE @log;\n  INSERT INTO @log (a) VALUES (1);\nEND;",
    )
    sql.write(
        "procedures/move.sql",
        "CREATE OR REPLACE PROCEDURE @move() OPTIONS (description = 'P')\n"
        "BEGIN\n"
        "  -- INSERT INTO nothing: a comment is no mention\n"
        "  MERGE INTO @target AS t USING @source AS s ON FALSE WHEN NOT MATCHED THEN INSERT ROW;\n"
        "  DELETE FROM @source WHERE a = @twice(1);\n"
        "  CALL @note();\n"
        "END;",
    )
    loaded = catalogue.load(settings, sql.root)
    return loaded, relations.relations(loaded, settings)


def test_what_a_procedure_reads_writes_and_calls_is_listed_both_ways(known):
    _, found = known
    assert found["move"].writes == {"target", "source"}
    assert found["move"].reads == {"source"}
    assert found["move"].calls == {"twice", "note"}
    assert found["note"].writes == {"log"}
    assert found["source"].read_by == found["source"].written_by == {"move"}
    assert found["target"].read_by == {"seen"}
    assert found["note"].called_by == {"move"}


def test_owners_follow_what_is_needed(known, settings):
    loaded, _ = known
    entry = schedules.Schedule(
        title="Move", call="-", schedule="every day 12:35", priority="LOW", owner="movers"
    )
    found = relations.owners(loaded, {"nightly": entry}, {"move": ["nightly"]}, settings)
    for name in ("move", "note", "target", "source", "log", "twice", "seen"):
        assert found[name] == {"movers"}, name
    assert found["elsewhere"] == {"growth (cost owner)"}
    assert found["foreign"] == {"another system"}


def test_settings_are_named_as_a_stack_file_writes_them():
    text = "{{ project }} {{ retention.log_days }} {% for r in alerts.rules %}{% endfor %}"
    assert relations.settings_of(text) == ["config/alerts.yaml", "eros:retention.logDays"]
