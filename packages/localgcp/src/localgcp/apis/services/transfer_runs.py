"""BigQuery Data Transfer v1: starting, listing and reading runs and their messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gcptypes import transfer_schedules as schedules

from ..api_errors import invalid, not_found
from ..call import Call, Registry
from ..clock import parse_rfc3339
from ..store import Resource
from ..transfers import stored_configs
from . import transfer_configs

_MAX_RUNS = 1000


def register(registry: Registry) -> None:
    for root in ("bigquerydatatransfer.projects.locations", "bigquerydatatransfer.projects"):
        configs = f"{root}.transferConfigs"
        registry.add(f"{configs}.startManualRuns")(start_manual_runs)
        registry.add(f"{configs}.scheduleRuns")(schedule_runs)
        registry.add(f"{configs}.runs.get")(get)
        registry.add(f"{configs}.runs.list")(list_runs)
        registry.add(f"{configs}.runs.delete")(delete)
        registry.add(f"{configs}.runs.transferLogs.list")(list_messages)


def start_manual_runs(call: Call) -> dict[str, Any]:
    """Make runs for one run time, or for every due time of a past range.

    Google starts the runs of a range 15 seconds apart; here they start at once,
    one after the other.
    """
    config = transfer_configs.find(call)
    moment = call.body.get("requestedRunTime")
    span = call.body.get("requestedTimeRange")
    if (moment is None) == (span is None):
        if moment is None and stored_configs.timetable(config) is None:
            # Google's words for a config without a schedule.
            raise invalid(
                "Starting transfer run with on-demand schedule requires 'requested_run_time' to be"
                " specified."
            )
        raise invalid("Exactly one of requested_run_time and requested_time_range must be set.")
    if moment is not None:
        times = [_past(call, moment, "requested_run_time")]
    else:
        times = _range(call, config, span or {})
    runs = [stored_configs.new_run(call.tx, call.cloud, config, item) for item in times]
    return {"runs": [run.body for run in runs]}


def schedule_runs(call: Call) -> dict[str, Any]:
    """The deprecated way to fill a range."""
    config = transfer_configs.find(call)
    times = _range(call, config, call.body)
    runs = [stored_configs.new_run(call.tx, call.cloud, config, item) for item in times]
    return {"runs": [run.body for run in runs]}


def _past(call: Call, text: str, field: str) -> datetime:
    moment = parse_rfc3339(text)
    if moment > call.cloud.clock.now():
        raise invalid(f"{field} must not be in the future: {text}", field)
    return moment


def _range(call: Call, config: Resource, span: dict[str, Any]) -> list[datetime]:
    """Due times from the start, included, to the end, excluded."""
    timetable = stored_configs.timetable(config)
    if timetable is None:
        raise invalid(
            "Starting transfer run with on-demand schedule requires 'requested_run_time' to be"
            " specified."
        )
    if "startTime" not in span or "endTime" not in span:
        raise invalid("Both start_time and end_time must be set.", "requested_time_range")
    start = _past(call, span["startTime"], "requested_time_range.start_time")
    end = _past(call, span["endTime"], "requested_time_range.end_time")
    if start >= end:
        raise invalid("start_time must be before end_time.", "requested_time_range")
    step = datetime.resolution
    # A range may lie before the schedule began, so it brings its own anchor.
    anchor = min(timetable.anchor, start)
    times = list(schedules.between(timetable.schedule, start - step, end - step, anchor))
    if len(times) > _MAX_RUNS:
        raise invalid(
            f"The range asks for {len(times)} runs; at most {_MAX_RUNS} are allowed.",
            "requested_time_range",
        )
    return times


def _find(call: Call) -> Resource:
    run = call.tx.get(stored_configs.RUN, transfer_configs.normal_name(call))
    if run is None:
        raise not_found()
    return run


def get(call: Call) -> dict[str, Any]:
    return _find(call).body


def list_runs(call: Call) -> dict[str, Any]:
    """Runs, newest first; `LATEST` keeps the last run of each day of the run time."""
    config = transfer_configs.find(call)
    states = set(call.query.get("states", []))
    rows = call.tx.children(stored_configs.RUN, config.name, newest_first=True)
    rows = [run for run in rows if not states or run.body["state"] in states]
    if call.query.get("runAttempt") == "LATEST":
        latest: dict[str, Resource] = {}
        for run in rows:
            latest.setdefault(run.body["runTime"][:10], run)
        rows = list(latest.values())
    chosen, token = call.page(rows, newest_first=True)
    answer: dict[str, Any] = {"transferRuns": [run.body for run in chosen]} if chosen else {}
    return {**answer, "nextPageToken": token} if token else answer


def delete(call: Call) -> dict[str, Any]:
    transfer_configs.delete_run(call, _find(call))
    return {}


def list_messages(call: Call) -> dict[str, Any]:
    run = _find(call)
    kinds = set(call.query.get("messageTypes", []))
    rows = [
        item
        for item in call.tx.children(stored_configs.MESSAGE, run.name)
        if not kinds or item.body["severity"] in kinds
    ]
    chosen, token = call.page(rows)
    answer: dict[str, Any] = {"transferMessages": [item.body for item in chosen]} if chosen else {}
    return {**answer, "nextPageToken": token} if token else answer
