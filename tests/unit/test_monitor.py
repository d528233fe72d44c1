"""The monitoring queries: what there is, what is asked, and the three forms of the answer."""

import csv
import io
import json
import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from rich.console import Console

from bqstack.errors import UserError
from eros.cli import answers
from eros.cli import monitor as command
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file
from eros.watch import monitor
from eros.watch.deployment_sections import SECTIONS
from eros.watch.monitor_query import Query

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Client:
    """A BigQuery that remembers what it was asked."""

    def __init__(self, columns: tuple[str, ...] = ("n",), rows: tuple = ((1,),)) -> None:
        self.columns, self.rows = columns, rows
        self.asked: list[tuple[str, dict]] = []

    def query_and_wait(self, sql, job_config, wait_timeout):
        self.asked.append((sql, {p.name: p.type_ for p in job_config.query_parameters}))
        rows = [SimpleNamespace(values=lambda row=row: row) for row in self.rows]
        return Rows(rows, [SimpleNamespace(name=name) for name in self.columns])


class Rows(list):
    """Rows with a schema."""

    def __init__(self, rows, schema) -> None:
        super().__init__(rows)
        self.schema = schema


def google(settings, client) -> SimpleNamespace:
    """What `ask` needs of Google."""
    return SimpleNamespace(settings=settings, bigquery=client)


def test_the_ten_queries_of_the_specification_are_there_in_order():
    assert [(q.number, q.name) for q in monitor.QUERIES if q.number] == [
        (1, "daily_automation_status"),
        (2, "performance_feedback_health"),
        (3, "lock_cleanup_efficiency"),
        (4, "active_lock_status"),
        (5, "creator_failure_analysis"),
        (6, "alerts_summary"),
        (7, "system_health_scorecard"),
        (8, "execution_time_trends"),
        (9, "stale_data_detection"),
        (10, "queue_status"),
    ]


def test_the_report_has_its_five_sections_with_the_words_that_operators_filter_by():
    names = [section.name for section in SECTIONS]
    assert len(names) == 5
    for words in ("Health Check", "Performance", "Cost", "EMV", "Deployment Success"):
        assert sum(words in name for name in names) == 1


def test_every_object_that_is_asked_is_declared():
    known = Project(load_stack_file("local"), PROJECT_ROOT).sql.objects
    for query in (*monitor.QUERIES, *SECTIONS):
        for part in query.sql.split("{dataset}.")[1:]:
            name = part.split()[0].split("(")[0].rstrip(")")
            assert name in known, f"{query.name} asks {name}"


def test_a_query_is_found_by_name_and_number():
    assert monitor.find("7") is monitor.find("system_health_scorecard")
    with pytest.raises(UserError, match="alerts_summary"):
        monitor.find("alert_summary")
    with pytest.raises(UserError, match="eros monitor lists them"):
        monitor.find("zzz")


def test_names_are_qualified_and_values_travel_as_parameters(settings):
    client = Client()
    query = Query("q", "", "SELECT @at, @n, @x FROM {dataset}.t JOIN {jobs}")
    answer = monitor.ask(google(settings, client), query, at=NOW, n=3, x=1.5)
    ((sql, parameters),) = client.asked
    assert "`test-project`.`brain`.t" in sql
    assert settings.jobs_view in sql
    assert parameters == {"at": "TIMESTAMP", "n": "INT64", "x": "FLOAT64"}
    assert answer.records() == [{"n": 1}]


def test_an_answer_that_does_not_come_is_an_error_with_a_fix(settings):
    class Silent(Client):
        def query_and_wait(self, sql, job_config, wait_timeout):
            raise TimeoutError

    with pytest.raises(UserError, match="interactiveTimeoutSeconds"):
        monitor.ask(google(settings, Silent()), monitor.QUERIES[0])


def test_the_report_compares_and_each_section_gets_the_parameters_that_it_names(settings):
    client = Client(("item", "value", "value_before", "status"), (("x", 12.0, 10.0, "OK"),))
    answer = monitor.deployment_report(google(settings, client), NOW, days=3)
    assert [row[0] for row in answer.rows] == [section.name for section in SECTIONS]
    assert {row[4] for row in answer.rows} == {20.0}
    # Side by side, so in any order.
    assert len(client.asked) == len(SECTIONS)
    for sql, parameters in client.asked:
        assert set(parameters) == {
            name for name in ("deployed_at", "days", "usd_per_tib") if f"@{name}" in sql
        }, sql


def test_the_sections_are_asked_side_by_side(settings):
    together = threading.Barrier(len(SECTIONS), timeout=20)

    class Slow(Client):
        def query_and_wait(self, sql, job_config, wait_timeout):
            together.wait()
            return super().query_and_wait(sql, job_config, wait_timeout)

    client = Slow(("item", "value", "value_before", "status"), (("x", 12.0, 10.0, "OK"),))
    answer = monitor.deployment_report(google(settings, client), NOW, days=3)
    assert [row[0] for row in answer.rows] == [section.name for section in SECTIONS]


def test_thousands_of_violations_come_with_totals_and_a_limit(monkeypatch, settings, capsys):
    class Violations(Client):
        def query_and_wait(self, sql, job_config, wait_timeout):
            self.columns, self.rows = ("violation", "item"), (("orphan", "x"),) * 5_662
            if "GROUP BY" in sql:
                self.columns, self.rows = ("violation", "violations"), (("orphan", 5_662),)
            return super().query_and_wait(sql, job_config, wait_timeout)

    monkeypatch.setattr(command, "load_stack_file", lambda stack: settings)
    # One client for each thread's answer.
    monkeypatch.setattr(
        command,
        "Google",
        lambda settings: SimpleNamespace(settings=settings, bigquery=_Each(Violations)),
    )
    command.monitor(query="integrity_violations", out=None, since=None)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["orphan", "5,662"]
    assert len(lines) < 110
    assert lines[-1] == "100 of 5,662 rows; --limit 0 shows all of them"
    command.monitor(query="integrity_violations", out=None, since=None, limit=0)
    assert len(capsys.readouterr().out.splitlines()) > 5_662
    command.monitor(query="integrity_violations", out=None, since=None, output=answers.Format.CSV)
    assert len(capsys.readouterr().out.splitlines()) == 5_663, "all for a program"


class _Each:
    """A new client for each question."""

    def __init__(self, make) -> None:
        self.make = make

    def query_and_wait(self, *arguments, **options):
        return self.make().query_and_wait(*arguments, **options)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [(10, 12, 20.0), (10, 5, -50.0), (None, 5, None), (5, None, None), (0, 5, None)],
)
def test_change_in_percent(before, after, change):
    assert monitor.change_pct(before, after) == change


ANSWER = monitor.Answer(
    ("day", "at", "share", "cost", "ok", "note"),
    [(date(2026, 3, 1), NOW, 0.123456, Decimal("1234.5"), True, "[red]a,b"), (None,) * 6],
)


def test_json_is_a_list_of_objects():
    first, second = json.loads(answers.as_json(ANSWER))
    assert first == {
        "day": "2026-03-01",
        "at": "2026-03-01T12:00:00+00:00",
        "share": 0.123456,
        "cost": 1234.5,
        "ok": True,
        "note": "[red]a,b",
    }
    assert set(second.values()) == {None}


def test_csv_has_a_header_even_without_rows():
    rows = list(csv.DictReader(io.StringIO(answers.as_csv(ANSWER))))
    assert rows[0]["note"] == "[red]a,b"
    assert answers.as_csv(monitor.Answer(("a", "b"), [])) == "a,b\n"


def test_a_table_shows_values_as_they_are_and_is_plain_in_a_pipe():
    text = answers.plain(ANSWER)
    assert "[red]a,b" in text
    assert "1,234.5" in text
    assert "0.1235" in text
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())
    assert answers.plain(monitor.Answer(("a",), [])) == "no rows\n"


def test_sections_are_tables_of_their_own():
    answer = monitor.Answer(("section", "item"), [("1 A", "x"), ("1 A", "y"), ("2 B", "z")])
    assert answers.plain(answer).split() == ["1", "A", "item", "x", "y", "2", "B", "item", "z"]


def test_the_list_needs_no_cloud(capsys, monkeypatch):
    monkeypatch.setattr(answers, "console", Console())
    command.monitor(query=None, out=None, since=None)
    text = capsys.readouterr().out
    for name in ("daily_automation_status", "deployment", "partitions"):
        assert name in text


def test_the_answer_can_go_to_a_file(tmp_path, monkeypatch, settings):
    monkeypatch.setattr(command, "load_stack_file", lambda stack: settings)
    monkeypatch.setattr(command, "Google", lambda settings: google(settings, Client()))
    file = tmp_path / "x.csv"
    command.monitor(query="1", output=answers.Format.CSV, out=file, since=None)
    assert file.read_text() == "n\n1\n"
    with pytest.raises(UserError, match="cannot be written"):
        command.monitor(query="1", out=tmp_path / "no" / "x.csv", since=None)


def test_the_report_is_about_the_last_update_that_changed_something(monkeypatch):
    def update(kind: str, day: int, *, succeeded: bool = True, changed: int = 1):
        end = datetime(2026, 3, day, tzinfo=UTC)
        return SimpleNamespace(kind=kind, succeeded=succeeded, changed=changed, end=end, start=end)

    updates = [
        update("refresh", 9),
        update("update", 8, succeeded=False),
        update("update", 7, changed=0),
        update("update", 6),
        update("update", 5),
    ]
    monkeypatch.setattr(command.state, "history", lambda *_: updates)
    assert command.last_update("prod").day == 6
    monkeypatch.setattr(command.state, "history", lambda *_: [])
    with pytest.raises(UserError, match="--since"):
        command.last_update("prod")
