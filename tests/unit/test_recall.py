"""A whole check is recalled when nothing has changed, and never when something has."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from bqstack import analysis
from bqstack.analysis import recall, whole_check
from eros.project.files import beside
from eros.project.schedules import ScheduledScripts
from eros.project.settings import PROJECT_ROOT, Settings
from eros.project.stack_file import load_stack_file


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """A copy of the files, and a cache of its own that knows what the user's knows of texts."""
    for name in ("sql", "config"):
        shutil.copytree(PROJECT_ROOT / name, tmp_path / name)
    for file in PROJECT_ROOT.glob("Pulumi*.yaml"):
        shutil.copy(file, tmp_path)
    cache = tmp_path / "cache"
    monkeypatch.setattr(recall, "cache_folder", lambda: cache)
    return tmp_path


@pytest.fixture
def settings(root):
    return load_stack_file("local", root)


def checked(settings: Settings, root: Path, only: Sequence[Path] = ()) -> analysis.Report:
    """The report on all SQL, that of config/ included."""
    return analysis.validate(settings, root, only, beside=beside(ScheduledScripts(settings, root)))


def key(settings: Settings, root: Path) -> str | None:
    """The key of that report."""
    return recall.key(settings, root, beside(ScheduledScripts(settings, root)))


def made(monkeypatch) -> list[bool]:
    """Gets an entry for every check that is made instead of recalled."""
    calls: list[bool] = []
    check = whole_check.checked

    def noting(*arguments):
        calls.append(True)
        return check(*arguments)

    monkeypatch.setattr(whole_check, "checked", noting)
    return calls


def test_what_is_recalled_is_what_was_found(root, settings, monkeypatch):
    calls = made(monkeypatch)
    scripts = [ScheduledScripts(settings, root) for _ in range(2)]
    first, second = (
        analysis.validate(settings, root, beside=beside(reading)) for reading in scripts
    )
    assert len(calls) == 1
    assert second.catalogue == first.catalogue
    assert list(second.catalogue.objects) == list(first.catalogue.objects), "in the same order"
    assert [type(o) for o in second.catalogue] == [type(o) for o in first.catalogue]
    assert scripts[0].configs
    assert scripts[1].configs == scripts[0].configs
    assert (second.notes, second.objects, second.statements, second.findings) == (
        *(first.notes, first.objects, first.statements, []),
    )


@pytest.mark.parametrize(
    "path", ["sql/views/open_alerts.sql", "config/schedules.yaml", "config/alerts.yaml"]
)
def test_a_change_of_any_file_is_another_check(root, settings, path):
    before = key(settings, root)
    file = root / path
    file.write_text(file.read_text() + "\n", encoding="utf-8")
    assert key(settings, root) != before


def test_a_file_more_or_a_setting_is_another_check(root, settings):
    before = key(settings, root)
    other = settings.model_copy(update={"dataset": "another"})
    assert key(other, root) != before
    (root / "sql" / "views" / "more.sql").write_text("", encoding="utf-8")
    assert key(settings, root) != before


def test_mistakes_and_parts_are_not_remembered(root, settings, monkeypatch):
    calls = made(monkeypatch)
    checked(settings, root, only=[Path("sql/views")])
    (root / "sql" / "views" / "open_alerts.sql").write_text("SELECT", encoding="utf-8")
    for _ in range(2):
        assert checked(settings, root).findings
    assert len(calls) == 3
    assert not list(root.glob("cache/analysis/*"))


def test_a_file_that_is_no_report_costs_time_only(root, settings, monkeypatch):
    checked(settings, root)
    (kept,) = root.glob("cache/analysis/whole-*.json")
    kept.write_text("{}", encoding="utf-8")
    calls = made(monkeypatch)
    assert checked(settings, root).ok
    assert len(calls) == 1


def test_keys_and_columns_of_a_result_are_recalled(root, settings):
    (root / "sql/tables/parents.sql").write_text(
        "CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.parents"
        " (id INT64 PRIMARY KEY NOT ENFORCED);"
    )
    (root / "sql/tables/keyed.sql").write_text(
        "CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.keyed"
        " (id INT64 PRIMARY KEY NOT ENFORCED,"
        " up INT64 REFERENCES `{{ project }}`.`{{ dataset }}`.parents(id) NOT ENFORCED);"
    )
    (root / "sql/table_functions/ids.sql").write_text(
        "CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.ids()"
        " RETURNS TABLE<id INT64> AS SELECT id FROM `{{ project }}`.`{{ dataset }}`.keyed;"
    )
    first, second = (checked(settings, root) for _ in range(2))
    assert first.findings == []
    assert second.catalogue.objects["keyed"] == first.catalogue.objects["keyed"]
    assert second.catalogue.objects["keyed"].foreign_keys[0].referenced == ("id",)
    assert second.catalogue.objects["ids"] == first.catalogue.objects["ids"]
