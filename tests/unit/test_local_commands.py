"""`eros local clock` and `eros local inbox` against a server of the local cloud."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import typer
from click.testing import CliRunner as PlainRunner
from typer.testing import CliRunner

from bqstack.errors import UserError
from eros.cli import app as entry
from eros.cli import interruption, local_clock, logged, waiting
from eros.cli.local import app
from eros.cli.local_clock import parse_duration
from eros.cloud import endpoints, local_control
from eros.project import environment
from eros.project.stack_file import load_stack_file
from localgcp.apis.clock import Clock
from localgcp.apis.transfers.scheduled_query import Outcome
from packages.localgcp.tests.rest_support import Server, running
from packages.localgcp.tests.test_clock import Queries, schedule
from packages.localgcp.tests.test_policies import METRIC, World, inactive

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.unit
def test_durations() -> None:
    assert parse_duration("2d") == timedelta(days=2)
    assert parse_duration("1d12h30m5s") == timedelta(days=1, hours=12, minutes=30, seconds=5)
    for text in ("", "2", "d", "2 days", "-1d", "1.5h", "9999999999999d"):
        with pytest.raises(UserError):
            parse_duration(text)


@pytest.fixture
def local(tmp_path: Path, monkeypatch) -> Iterator[Server]:
    shown = Clock()
    shown.move_to(NOW)
    with running(tmp_path, clock=shown, queries=Queries(shown)) as server:
        addresses = dict.fromkeys(endpoints.KEYS, f"{server.url}/monitoring/")
        (tmp_path / "endpoints.json").write_text(json.dumps(addresses))
        monkeypatch.setenv("EROS_LOCAL_DIR", str(tmp_path))
        monkeypatch.setenv("COLUMNS", "200")
        yield server


def eros_local(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_clock_without_a_schedule_says_that_nothing_is_due(local: Server) -> None:
    assert "nothing: no schedule is on" in eros_local("clock")


def test_the_clock_is_shown_and_moved(local: Server) -> None:
    schedule(local, "FAIL hourly", "every 1 hours from 00:17 to 23:17")
    schedule(local, "often", "every 5 minutes from 00:02 to 23:57")
    shown = eros_local("clock")
    assert "2026-03-01 12:00 UTC" in shown
    assert "2026-03-01 12:02  often" in shown
    moved = eros_local("clock", "advance", "2h")
    assert "5 runs of scheduled queries" in moved
    assert "left out: 21 runs" in moved
    assert "FAIL hourly: FAILED" in moved
    assert "it is 2026-03-01 14:00 UTC; 2 runs failed" in moved
    assert "it is 2026-03-01 15:00 UTC" in eros_local("clock", "set", "2026-03-01T15:00")
    for moment in ("2026-03-01T12:00", "tomorrow"):
        with pytest.raises(UserError):
            eros_local("clock", "set", moment)


def test_a_walk_that_is_interrupted_says_how_far_it_came_and_how_to_go_on(
    local: Server, monkeypatch
) -> None:
    schedule(local, "hourly", "every 1 hours from 00:17 to 23:17")
    real, seen = local_clock.Control.advance, []

    def interrupted(self, moment, *, every_run):
        for event in real(self, moment, every_run=every_run):
            seen.append(event)
            yield event
            if event["event"] == "run" and len(seen) > 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(local_clock.Control, "advance", interrupted)
    result = CliRunner().invoke(app, ["clock", "advance", "2d"])
    assert result.exit_code == 130
    assert "stopped at 2026-03-01 1" in result.output
    assert "of 48 runs" in result.output
    again = result.output.rpartition("to continue: eros local ")[2].split()
    assert again[:2] == ["clock", "set"]
    monkeypatch.undo()
    monkeypatch.setenv("EROS_LOCAL_DIR", str(local.data_dir))
    assert "it is 2026-03-03 12:00 UTC; no run failed" in eros_local(*again)


class OneRun(Queries):
    """Runs one query; the next one waits until somebody lets it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.second, self.let = Event(), Event()

    def run(self, run: dict[str, Any], location: str, starting: Callable[[str], None]) -> Outcome:
        if self.seen:
            self.second.set()
            self.let.wait()
        return super().run(run, location, starting)


def test_a_walk_that_the_machine_ends_says_how_far_it_came_and_how_to_go_on(
    tmp_path: Path,
) -> None:
    shown = Clock()
    shown.move_to(NOW)
    queries = OneRun(shown)
    with running(tmp_path, clock=shown, queries=queries) as server:
        addresses = dict.fromkeys(endpoints.KEYS, f"{server.url}/monitoring/")
        (tmp_path / "endpoints.json").write_text(json.dumps(addresses))
        schedule(server, "hourly", "every 1 hours from 00:17 to 23:17")
        walk = subprocess.Popen(
            [sys.executable, "-m", "eros.cli.app", "local", "clock", "advance", "2d"],
            env=os.environ | {"EROS_LOCAL_DIR": str(tmp_path), "EROS_LOG_DIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            queries.second.wait()
            walk.terminate()
        finally:
            queries.let.set()
        said, warned = walk.communicate()
    assert walk.returncode == 128 + signal.SIGTERM
    assert "stopped at 2026-03-01 1" in said, warned
    assert "of 48 runs" in said
    assert "to continue: eros local clock set 2026-03-03T12:0" in said


def test_the_machine_ends_any_command_as_a_person_does() -> None:
    ended = []

    def work() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            ended.append("undone")
            raise

    whole = typer.Typer()
    whole.callback()(lambda: None)
    whole.command(name="health")(work)
    command = typer.main.get_command(whole)
    logged.log_commands(command)
    before = signal.getsignal(signal.SIGTERM)
    interruption.begin()
    try:
        result = PlainRunner().invoke(command, ["health"])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (ended, result.exit_code) == (["undone"], 143)
    assert result.stderr == "eros health: stopped by SIGTERM\n"


@pytest.mark.parametrize(
    ("end", "said", "code"),
    [
        (KeyboardInterrupt(), "eros health: interrupted\n", 130),
        (interruption.Terminated(), "eros health: stopped by SIGTERM\n", 143),
    ],
)
def test_an_interruption_while_a_command_is_loaded_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    end: KeyboardInterrupt,
    said: str,
    code: int,
) -> None:
    def loading(names: object) -> None:
        raise end

    for place, name in ((environment, "prepare"), (interruption, "begin"), (waiting, "begin")):
        monkeypatch.setattr(place, name, lambda: None)
    monkeypatch.setattr(entry, "build", loading)
    monkeypatch.setattr(sys, "argv", ["eros", "health"])
    with pytest.raises(SystemExit) as stopped:
        entry.main()
    assert stopped.value.code == code
    assert capsys.readouterr().err.endswith(said)


def test_the_clock_says_what_it_showed_at_a_real_moment(local: Server) -> None:
    settings = load_stack_file("local")
    now = datetime.now(UTC)
    [shown] = local_control.shown(settings, [now])
    assert abs(shown - local_control.present(settings)) < timedelta(minutes=1)
    assert local_control.shown(settings.model_copy(update={"endpoints_file": None}), [now]) == [now]


def test_the_inbox_shows_what_was_delivered(local: Server) -> None:
    assert "no notifications" in eros_local("inbox")
    world = World(local)
    local.ok(
        "POST",
        "/logging/v2/projects/eros-local/metrics",
        {
            "name": METRIC.rpartition("/")[2],
            "filter": "jsonPayload.rule:*",
            "metricDescriptor": {"labels": [{"key": "rule"}]},
            "labelExtractors": {"rule": "EXTRACT(jsonPayload.rule)"},
        },
    )
    world.policy(world.channel(), conditions=[inactive()], displayName="EROS A04 [pool]")
    world.at = NOW
    world.fire()
    world.after(minutes=2)
    table = eros_local("inbox")
    for text in ("open", "CRITICAL", "EROS A04 [pool]", "by email", "https://example.com/#a01"):
        assert text in table
    [first] = json.loads(eros_local("inbox", "--format", "json"))
    number = str(first["number"])
    full = eros_local("inbox", "show", number)
    assert "See EROS A04 [pool]: A01." in full
    assert "Runbook: https://example.com/#a01" in full
    world.after(hours=1)
    assert "closed" in eros_local("inbox")
    assert "no notifications" in eros_local("inbox", "--open")
    with pytest.raises(UserError):
        eros_local("inbox", "show", "999")
    assert "2 notifications deleted" in eros_local("inbox", "--clear")
    assert "no notifications" in eros_local("inbox")


def test_a_cloud_that_does_not_answer_is_an_error_with_its_fix(tmp_path, monkeypatch) -> None:
    addresses = dict.fromkeys(endpoints.KEYS, "http://127.0.0.1:9/x/")
    (tmp_path / "endpoints.json").write_text(json.dumps(addresses))
    monkeypatch.setenv("EROS_LOCAL_DIR", str(tmp_path))
    with pytest.raises(UserError, match="eros local up"):
        eros_local("clock")
