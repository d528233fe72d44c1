"""Transfer configs and runs as they are stored: names, schedule in force, new runs, messages."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gcptypes import transfer_schedules as schedules

from ..call import Cloud
from ..clock import parse_rfc3339, rfc3339
from ..services import log_entries
from ..store import Resource, Transaction

CONFIG = "bigquerydatatransfer.transferConfigs"
RUN = "bigquerydatatransfer.runs"
MESSAGE = "bigquerydatatransfer.transferLogs"

_LOG = "bigquerydatatransfer.googleapis.com%2Ftransfer_config"


@dataclass(frozen=True)
class Timetable:
    """When the runs of a config are due: the schedule and the options around it."""

    schedule: schedules.Schedule
    text: str
    anchor: datetime
    end: datetime | None

    def next_after(self, moment: datetime) -> datetime | None:
        """The next due time later than `moment`, None when there is none any more."""
        # One step back from the anchor, because the anchor itself may be due.
        start = max(moment, self.anchor - datetime.resolution)
        found = self.schedule.after(start, self.anchor)
        return None if found is None or (self.end and found >= self.end) else found


def timetable(config: Resource) -> Timetable | None:
    """The timetable of a config; None when nothing is scheduled by itself."""
    body = config.body
    options = body.get("scheduleOptions", {})
    text = body.get("schedule", "")
    newer = body.get("scheduleOptionsV2", {})
    if "timeBasedSchedule" in newer:
        options = newer["timeBasedSchedule"]
        text = options.get("schedule", "")
    manual = options.get("disableAutoScheduling") or "manualSchedule" in newer
    if body.get("disabled") or manual or not text:
        return None
    # The API's words: the first run is at or after the start time "according to a
    # recurrence pattern defined in the schedule string". Without a start time the
    # pattern begins when the schedule was set. So an interval (`every 6 hours`)
    # runs at once and a time of the day (`every day 10:05`) waits for that time;
    # a new config never brings an extra run of its own.
    start = options.get("startTime") or config.private["scheduleSet"]
    end = options.get("endTime")
    return Timetable(
        schedules.parse(text),
        text,
        parse_rfc3339(start),
        parse_rfc3339(end) if end else None,
    )


def new_run(
    tx: Transaction, cloud: Cloud, config: Resource, run_time: datetime, schedule: str = ""
) -> Resource:
    """Store a PENDING run; `schedule` is empty for one that was started by hand."""
    run_id = str(uuid.uuid4())
    now = rfc3339(cloud.clock.now())
    copied = (
        "params", "dataSourceId", "destinationDatasetId", "userId", "notificationPubsubTopic",
    )  # fmt: skip
    body = {
        "name": f"{config.body['name']}/runs/{run_id}",
        "scheduleTime": now,
        "runTime": rfc3339(run_time),
        "updateTime": now,
        "state": "PENDING",
        "errorStatus": {},
        "emailPreferences": config.body.get("emailPreferences", {}),
        **{key: config.body[key] for key in copied if key in config.body},
        **({"schedule": schedule} if schedule else {}),
    }
    run = Resource(RUN, f"{config.name}/runs/{run_id}", config.name, body)
    tx.insert(run)
    set_config_state(tx, config.name, "PENDING")
    return run


def account_of_job(tx: Transaction, job_id: str) -> str | None:
    """The account that a run's query job counts as run by; None for any other job."""
    row = tx.sql.execute(
        "SELECT parent FROM resource WHERE kind = ? AND json_extract(private, '$.jobId') = ?",
        (RUN, job_id),
    ).fetchone()
    config = tx.get(CONFIG, row[0]) if row else None
    return config.private["owner"] if config else None


def set_config_state(tx: Transaction, name: str, state: str) -> None:
    """A config shows the state of the run that changed last."""
    config = tx.get(CONFIG, name)
    if config is not None:
        config.body["state"] = state
        tx.update(config)


def add_message(
    tx: Transaction, cloud: Cloud, run: Resource, text: str, severity: str = "INFO"
) -> None:
    """Add a message to a run; like Google's, each one is an entry in Cloud Logging too."""
    now = rfc3339(cloud.clock.now())
    number = tx.next_id(MESSAGE)
    body = {"messageTime": now, "severity": severity, "messageText": text}
    tx.insert(Resource(MESSAGE, f"{run.name}/transferLogs/{number}", run.name, body))
    log_entries.write(tx, cloud, _log_entry(cloud, run, text, severity), now)


def _log_entry(cloud: Cloud, run: Resource, text: str, severity: str) -> dict[str, Any]:
    """Format: "Log format" in Google's page on Cloud Logging for Data Transfer."""
    parts = run.name.split("/")
    return {
        "logName": f"projects/{cloud.project}/logs/{_LOG}",
        "resource": {
            "type": "bigquery_dts_config",
            "labels": {
                "project_id": cloud.project,
                "location": parts[3],
                "config_id": parts[5],
            },
        },
        "labels": {"run_id": parts[7]},
        "severity": severity,
        "jsonPayload": {"message": text},
    }
