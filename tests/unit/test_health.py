"""The health score, the contract of the report, and what each fault looks like."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from google.api_core.exceptions import BadRequest, NotFound, ServiceUnavailable
from google.cloud.bigquery_datatransfer_v1.types import TransferConfig
from requests.exceptions import ReadTimeout
from rich.console import Console

from bqstack.errors import UserError
from eros.cli import health as command
from eros.project import schedules
from eros.project.settings import PROJECT_ROOT
from eros.watch import health as checks
from eros.watch.health import TABLES, check
from eros.watch.health_report import CHECKS, Finding, Report, Severity, Status

NOW = datetime(2025, 10, 31, 14, 30, 22, tzinfo=UTC)


def report(warnings: int = 0, critical: int = 0) -> Report:
    """A report with one good finding per check, and the bad ones on top."""
    good = [Finding(i, name, Severity.OK, "fine") for i, name in enumerate(CHECKS)]
    bad = [Finding(2, "w", Severity.WARNING, "x")] * warnings
    worse = [Finding(i % len(CHECKS), "c", Severity.CRITICAL, "x") for i in range(critical)]
    return Report(NOW, "of-scheduler-proj", "eros_scheduling_brain", (*good, *bad, *worse))


def test_the_example_of_the_specification_comes_out_field_for_field():
    assert list(report(warnings=1).contract().items()) == [
        ("timestamp", "2025-10-31T14:30:22Z"),
        ("project_id", "of-scheduler-proj"),
        ("dataset", "eros_scheduling_brain"),
        ("health_score", 94),
        ("checks_passed", 7),
        ("checks_total", 7),
        ("warnings", 1),
        ("critical", 0),
        ("status", "HEALTHY"),
    ]


@pytest.mark.parametrize(
    ("warnings", "critical", "score", "status"),
    [
        (0, 0, 100, Status.HEALTHY),
        (1, 0, 94, Status.HEALTHY),
        (2, 0, 88, Status.WARNING),
        (0, 1, 80, Status.CRITICAL),
        (0, 5, 0, Status.CRITICAL),
        (9, 9, 0, Status.CRITICAL),
    ],
)
def test_score_and_status_follow_the_findings(warnings, critical, score, status):
    made = report(warnings, critical)
    assert (made.score, made.status) == (score, status)


# Rows of health_findings on a healthy day: finding, check, value, limits.
DETAILS = {
    "slow queries": "average 0.42 s",
    "available captions": "244 locked",
    "hours without assignments": "45 assignments in last 24 hours",
}
FIGURES = {
    "error rate in percent": (3, 0.15, 1.0, 5.0),
    "p95 latency in seconds": (3, 0.9, 10.0, None),
    "slow queries": (3, 0.0, 1.0, 10.0),
    "cost today in US dollars": (4, 0.08, 10.0, None),
    "available captions": (5, 1200.0, 400.0, 200.0),
    "active locks": (6, 90.0, 5000.0, 10000.0),
    "expired locks": (6, 3.0, 10.0, 1000.0),
    "captions locked twice": (6, 0.0, None, 0.0),
    "hours without assignments": (7, 1.5, 24.0, 48.0),
    "hours since the daily run": (7, 9.0, None, 28.0),
    "failed daily runs": (7, 0.0, 0.0, None),
    "hours since the feedback": (7, 3.0, 8.0, 12.0),
    "hours since the lock sweep": (7, 0.5, 2.0, 6.0),
}


class Cloud:
    """A BigQuery that answers the health check; `faults` are raised by the call of that name."""

    def __init__(
        self, tables=TABLES, levels=None, values=None, details=None, **faults: Exception
    ) -> None:
        self.tables, self.levels, self.values = tables, levels or {}, values or {}
        self.details = DETAILS | (details or {})
        self.faults = faults
        self.deployed: list[TransferConfig] | None = None

    def _answer(self, call: str) -> None:
        if call in self.faults:
            raise self.faults[call]

    def get_dataset(self, name, retry, timeout):
        self._answer("dataset")

    def list_tables(self, name, retry, timeout):
        self._answer("tables")
        return [SimpleNamespace(table_id=name) for name in self.tables]

    def list_transfer_configs(self, parent, retry, timeout):
        self._answer("transfers")
        return self.deployed

    def query_and_wait(self, query, **limits):
        self._answer("query")
        return [
            SimpleNamespace(
                check_number=number,
                finding=finding,
                value=self.values.get(finding, value),
                level=self.levels.get(finding, "OK"),
                warning_limit=warning,
                critical_limit=critical,
                detail=self.details.get(finding),
            )
            for finding, (number, value, warning, critical) in FIGURES.items()
        ]


def every_schedule(settings, paused: int = 0, since=NOW) -> list[TransferConfig]:
    """All schedules of the program as Data Transfer has them; the first ones are paused."""
    return [
        TransferConfig(
            name=f"configs/{n}",
            display_name=config.title,
            params={"query": config.query},
            disabled=n < paused,
            update_time=since,
        )
        for n, config in enumerate(schedules.transfer_configs(settings))
    ]


def google(settings, cloud) -> SimpleNamespace:
    """What `check` needs of Google."""
    if cloud.deployed is None:
        cloud.deployed = every_schedule(settings)
    return SimpleNamespace(
        settings=settings, bigquery=cloud, transfers=cloud, is_local=True, root=PROJECT_ROOT
    )


def bad(made: Report) -> dict[str, tuple[Severity, str]]:
    """Label to severity and text of the findings that are not good."""
    return {f.label: (f.severity, f.text) for f in made.findings if f.severity is not Severity.OK}


def test_a_healthy_system_passes_all_seven_checks(settings):
    made = check(google(settings, Cloud()))
    assert (made.score, made.checks_passed, made.status) == (100, 7, Status.HEALTHY)
    assert bad(made) == {}


@pytest.mark.parametrize(
    ("fault", "label", "text"),
    [
        (NotFound("gone"), "Project Access", "no dataset test-project.brain"),
        (ServiceUnavailable("down"), "Authentication", "down"),
        (UserError("no credentials", fix="log in"), "Authentication", "no credentials; log in"),
        (ReadTimeout(), "Authentication", "no answer in time"),
    ],
)
def test_without_access_nothing_has_passed_and_the_score_is_0(settings, fault, label, text):
    made = check(google(settings, Cloud(dataset=fault)))
    assert bad(made)[label] == (Severity.CRITICAL, text)
    assert (made.score, made.checks_passed, made.critical) == (0, 0, 7)
    assert made.status is Status.CRITICAL


def test_a_missing_table_is_named(settings):
    made = check(google(settings, Cloud(tables=TABLES[1:])))
    assert bad(made) == {"Tables": (Severity.CRITICAL, "missing: caption_bank")}
    assert (made.score, made.checks_passed, made.status) == (80, 6, Status.CRITICAL)


@pytest.mark.parametrize(
    ("fault", "reason"), [(BadRequest("no view"), "no view"), (TimeoutError(), "no answer in time")]
)
def test_figures_that_cannot_be_read_fail_their_five_checks(settings, fault, reason):
    made = check(google(settings, Cloud(query=fault)))
    assert bad(made)["Query Performance"][1] == f"the figures cannot be read: {reason}"
    assert (made.score, made.checks_passed, made.critical) == (0, 2, 5)


def test_tables_that_cannot_be_listed_fail_their_check_only(settings):
    cloud = Cloud()
    cloud.faults["tables"] = BadRequest("no")
    made = check(google(settings, cloud))
    assert made.checks_passed == 6
    assert "cannot be listed: no" in bad(made)["Tables"][1]


@pytest.mark.parametrize("finding", FIGURES)
@pytest.mark.parametrize(
    ("level", "score", "status"),
    [("WARNING", 94, Status.HEALTHY), ("CRITICAL", 80, Status.CRITICAL)],
)
def test_a_bad_figure_counts_for_its_check(settings, finding, level, score, status):
    made = check(google(settings, Cloud(levels={finding: level})))
    (found,) = [f for f in made.findings if f.severity is not Severity.OK]
    assert found.check == FIGURES[finding][0] - 1
    assert (made.score, made.status) == (score, status)
    assert made.checks_passed == (7 if level == "WARNING" else 6)


def test_never_is_said_in_words(settings):
    values = {"hours without assignments": 1_000_000.0}
    made = check(google(settings, Cloud(values=values)))
    assert "no assignment yet" in [f.text for f in made.findings]


def test_limits_read_as_they_are_meant(settings):
    limits = {f.text: f.limits for f in check(google(settings, Cloud())).findings}
    assert limits["0.15%"] == "warning above 1, critical above 5"
    slow = limits["0 slow queries in 24 hours, average 0.42 s"]
    assert slow == "warning from 1, critical from 10"
    assert limits["1,200 captions available, 244 locked"] == "warning below 400, critical below 200"


def test_all_checks_share_one_budget_of_time(settings, monkeypatch):
    now = iter([100.0, 100.0, 112.0, 130.0, 130.0, 130.0])
    monkeypatch.setattr(checks.time, "monotonic", lambda: next(now))
    seen = []

    class Slow(Cloud):
        def get_dataset(self, name, retry, timeout):
            seen.append(timeout)

        def list_tables(self, name, retry, timeout):
            seen.append(timeout)
            return super().list_tables(name, retry, timeout)

        def query_and_wait(self, query, **limits):
            seen.append(limits["wait_timeout"])
            return super().query_and_wait(query, **limits)

    check(google(settings, Slow()), budget=20)
    assert seen == [20.0, 8.0, pytest.approx(0.1)]


def deployed(settings, *numbers: int, dataset: str | None = None) -> list[TransferConfig]:
    """The holiday calendar's schedule, once for each number."""
    reference = dataset or settings.dataset_reference
    params = {"query": f"CALL {reference}.refresh_holiday_calendar(2024, 2030);"}
    return [
        TransferConfig(name=f"configs/{n}", display_name="EROS: Holiday Calendar", params=params)
        for n in numbers
    ]


def test_a_schedule_that_is_there_twice_is_critical(settings):
    cloud = Cloud()
    cloud.deployed = every_schedule(settings) + deployed(settings, 2)
    severity, text = bad(check(google(settings, cloud)))["Schedules"]
    assert severity is Severity.CRITICAL
    assert text.startswith("EROS: Holiday Calendar exists 2 times")


def test_the_schedule_of_another_stack_is_no_double(settings):
    cloud = Cloud()
    others = deployed(settings, 2, dataset="`p`.`other`")
    cloud.deployed = every_schedule(settings) + others
    assert bad(check(google(settings, cloud))) == {}


def test_schedules_that_cannot_be_listed_are_a_warning(settings):
    made = check(google(settings, Cloud(transfers=ServiceUnavailable("down"))))
    assert bad(made)["Schedules"] == (
        Severity.WARNING,
        "the schedules cannot be listed: down",
    )


@pytest.fixture
def shown(monkeypatch):
    """Function that runs the command on a prepared report; its exit code and output."""

    def run(made: Report, capsys, **options):
        monkeypatch.setattr(command, "load_stack_file", lambda stack: None)
        monkeypatch.setattr(command, "Google", lambda settings: None)
        monkeypatch.setattr(command.checks, "check", lambda google: made)
        with pytest.raises(typer.Exit) as end:
            command.health(**options)
        return end.value.exit_code, capsys.readouterr().out

    return run


@pytest.mark.parametrize(("warnings", "critical", "code"), [(0, 0, 0), (2, 0, 1), (0, 1, 2)])
def test_exit_codes(shown, capsys, warnings, critical, code):
    assert shown(report(warnings, critical), capsys)[0] == code


@pytest.mark.parametrize(("warnings", "critical", "code"), [(0, 0, 0), (2, 0, 0), (0, 1, 2)])
def test_a_warning_may_be_accepted_and_is_still_shown(shown, capsys, warnings, critical, code):
    found, text = shown(report(warnings, critical), capsys, accept_warning=True)
    assert found == code
    assert ("WARNING" in text) is bool(warnings)


def test_every_severity_has_its_sign_and_no_colour_in_a_pipe(shown, capsys, monkeypatch):
    monkeypatch.setattr(command, "console", Console(highlight=False, soft_wrap=True))
    _, text = shown(report(warnings=1, critical=1), capsys)
    assert "✓ System connectivity: fine" in text
    assert "! w: x" in text
    assert "✗ c: x" in text
    assert "\x1b" not in text
    assert text.endswith("Health Score: 74/100\nStatus: CRITICAL - Act now\n")


def test_signs_of_a_terminal_without_unicode(shown, capsys, monkeypatch):
    plain = Console(highlight=False, soft_wrap=True)
    monkeypatch.setattr(type(plain), "encoding", property(lambda self: "ascii"))
    monkeypatch.setattr(command, "console", plain)
    _, text = shown(report(critical=1), capsys)
    text.encode("ascii")
    assert "x c: x" in text


def test_json_is_the_contract(shown, capsys):
    made = report(warnings=1)
    _, text = shown(made, capsys, output=command.Format.JSON)
    found = json.loads(text)
    contract = made.contract()
    assert list(found.items())[: len(contract)] == list(contract.items())
    assert [one["text"] for one in found["findings"] if one["severity"] == "WARNING"] == ["x"]
    assert found["findings"][0] == {
        "check": "System connectivity",
        "label": "System connectivity",
        "severity": "OK",
        "text": "fine",
        "limits": "",
    }


def test_a_warning_never_stands_under_all_systems_operational(shown, capsys):
    _, text = shown(report(), capsys)
    assert text.endswith("Status: HEALTHY - All systems operational\n")
    _, text = shown(report(warnings=1), capsys)
    assert text.endswith("Status: HEALTHY - 1 warning, not urgent\n")


def test_the_night_is_part_of_the_report(settings):
    texts = {f"{f.label}: {f.text}" for f in check(google(settings, Cloud())).findings}
    assert {
        "Daily Run: 9.0 hours ago",
        "Daily Run: 0 failed since the last success",
        "Feedback: 3.0 hours ago",
        "Lock Sweep: 0.5 hours ago",
        "Lock Violations: 0 captions locked twice",
        "Recent Activity: 45 assignments in last 24 hours",
    } <= texts
    cloud = Cloud(
        levels={"hours since the daily run": "CRITICAL", "hours without assignments": "WARNING"},
        values={"hours since the daily run": 30.0, "hours without assignments": 25.0},
        details={"hours since the daily run": "never"},
    )
    texts = bad(check(google(settings, cloud)))
    assert texts["Daily Run"][1] == (
        "has not run yet; the system is 30.0 hours old; eros run run_daily_automation"
    )
    assert texts["Recent Activity"][1].endswith(", the last one 25.0 hours ago")


def with_pause(settings, since: datetime, paused: int = 99) -> Cloud:
    cloud = Cloud()
    cloud.deployed = every_schedule(settings, paused, since)
    return cloud


def test_paused_schedules_are_reported_with_the_time_since(settings):
    since = datetime.now(UTC) - timedelta(hours=2, minutes=5)
    made = check(google(settings, with_pause(settings, since, paused=2)))
    severity, text = bad(made)["Schedules"]
    assert severity is Severity.WARNING
    assert re.fullmatch(r"2 of \d+ \(.+, .+\) paused since .+ UTC, 2 h 5 min; .+", text)
    assert text.endswith("; pulumi up --refresh resumes")
    all_ = check(google(settings, with_pause(settings, since)))
    assert bad(all_)["Schedules"][1].startswith("all ")


@pytest.mark.parametrize(("hours", "is_finding"), [(3, False), (5, True)])
def test_a_pause_of_the_stack_file_is_a_finding_when_it_is_left_on(settings, hours, is_finding):
    paused = settings.model_copy(update={"schedules_paused": True})
    since = datetime.now(UTC) - timedelta(hours=hours)
    made = check(google(paused, with_pause(settings, since)))
    assert ("Schedules" in bad(made)) is is_finding
    (text,) = [f.text for f in made.findings if "paused since" in f.text]
    assert f"paused since {since:%Y-%m-%d %H:%M}" in text
    assert "resumes" not in text
    if not is_finding:
        assert made.words == "No findings, but nothing runs: all schedules are paused"


def test_a_figure_that_nobody_has_counted_is_a_warning_and_no_number(settings):
    cloud = Cloud(
        values={"available captions": 0.0},
        levels={"available captions": "WARNING"},
        details={"available captions": "not counted in the last day"},
    )
    assert bad(check(google(settings, cloud)))["Caption Pool"] == (
        Severity.WARNING,
        "not counted in the last day; eros run record_health_check",
    )


def test_schedules_that_are_not_deployed_are_a_warning(settings):
    cloud = Cloud()
    cloud.deployed = every_schedule(settings)[1:]
    assert "are deployed; eros plan" in bad(check(google(settings, cloud)))["Schedules"][1]


@pytest.mark.parametrize(
    ("clock", "text"),
    [
        ({"follows": True, "walk": None}, None),
        ({"follows": False, "walk": None}, "stopped: schedules do not run"),
        (
            {"follows": True, "walk": {"to": "2026-03-01T00:00:00Z", "runs": 9, "made": 2}},
            "the clock is being advanced to 2026-03-01 00:00 UTC: 2 of 9 runs done",
        ),
    ],
)
def test_a_clock_that_stands_is_a_finding(settings, monkeypatch, clock, text):
    local = settings.model_copy(update={"endpoints_file": Path("x")})
    moved = datetime(2030, 1, 1, tzinfo=UTC)
    monkeypatch.setattr(checks.pauses.Control, "__init__", lambda self, settings: None)
    monkeypatch.setattr(checks.pauses.Control, "clock", lambda self: clock)
    monkeypatch.setattr(checks, "present", lambda settings: moved)
    made = check(google(local, Cloud()))
    assert made.contract()["timestamp"] == "2030-01-01T00:00:00Z", "the time of the cloud"
    found = bad(made).get("Clock")
    assert found is None if text is None else found[1].startswith(text)


def test_a_watch_in_json_is_one_report_a_line_and_ends_with_the_last_status(
    shown, capsys, monkeypatch
):
    pauses = iter([None, KeyboardInterrupt()])

    def sleep(seconds):
        if (end := next(pauses)) is not None:
            raise end

    monkeypatch.setattr(command.time, "sleep", sleep)
    code, text = shown(report(warnings=2), capsys, output=command.Format.JSON, watch=True)
    assert code == Status.WARNING
    assert [json.loads(line)["health_score"] for line in text.splitlines()] == [88, 88]


def test_a_stack_that_cannot_be_looked_at_is_critical(monkeypatch, capsys):
    def refuse(stack):
        raise UserError("there is no stack file")

    monkeypatch.setattr(command, "load_stack_file", refuse)
    with pytest.raises(typer.Exit) as end:
        command.health(stack="x")
    assert end.value.exit_code == Status.CRITICAL
    assert "there is no stack file" in capsys.readouterr().err
