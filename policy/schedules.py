"""Scheduled queries: at a time that Data Transfer keeps, safe to repeat, not run as a person."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from pulumi_policy import Severity

from bqstack.policy.rule import Member, Resource, Rule, is_set, known, of_type
from gcptypes import transfer_schedules
from gcptypes.records import ROUTINE, TRANSFER
from policy.idempotent import WHY
from policy.stack import settings_of

_DOCS = "https://cloud.google.com/bigquery/docs/scheduling-queries"
_SCHEDULED_QUERY = "scheduled_query"
_MINUTE = timedelta(minutes=1)
_TIME = re.compile(r"\b(\d{1,2}):(\d{2})\b")
_STRING_OR_COMMENT = re.compile(
    r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|--[^\n]*|#[^\n]*|/\*.*?\*/", re.DOTALL
)
_CALL = re.compile(r"\bCALL\s+((?:`[^`]+`|\w+)(?:\s*\.\s*(?:`[^`]+`|\w+))*)", re.IGNORECASE)
_WRITES = re.compile(
    r"\b(INSERT|UPDATE|DELETE|MERGE|TRUNCATE|CREATE|DROP|ALTER|EXPORT|LOAD)\b", re.IGNORECASE
)
_SNAPSHOT = re.compile(r"\bCREATE\s+(?:OR\s+REPLACE\s+)?SNAPSHOT\s+TABLE\b", re.IGNORECASE)
_SNAPSHOTS_A_DAY = 50
_SNAPSHOTS_OF_A_TABLE = 1_000


def _scheduled(config: Resource) -> bool:
    return config.props.get("dataSourceId") == _SCHEDULED_QUERY


def _query(config: Resource) -> str:
    return (config.props.get("params") or {}).get("query") or ""


def calls(text: str) -> list[str]:
    """Names, without project and dataset, of the procedures that a script calls."""
    plain = _STRING_OR_COMMENT.sub(" ", text)
    return [re.split(r"\s*\.\s*", found)[-1].strip("`") for found in _CALL.findall(plain)]


def runs_a_day(schedule: str) -> float:
    """How often a schedule of Data Transfer fires on a day, at most."""
    try:
        found = transfer_schedules.parse(schedule)
    except transfer_schedules.ScheduleError:
        return 1
    return found.runs_a_day if isinstance(found, transfer_schedules.Interval) else 1


def _off_the_hour(config: Resource) -> Iterator[str]:
    schedule = config.props.get("schedule") or ""
    if any(minute == "00" for _, minute in _TIME.findall(schedule)):
        yield f"{schedule!r} fires on the hour, when a query can run twice"


def _not_too_often(config: Resource) -> Iterator[str]:
    try:
        transfer_schedules.parse(config.props.get("schedule") or "")
    except transfer_schedules.TooFrequent as error:
        shortest = transfer_schedules.MINIMUM_INTERVAL // _MINUTE
        yield f"every {error.step // _MINUTE} minutes, the shortest interval is {shortest}"
    except transfer_schedules.ScheduleError:
        return


def _idempotent(config: Resource) -> Iterator[str]:
    if not _scheduled(config):
        return
    text = _query(config)
    called = calls(text)
    written = _WRITES.search(_STRING_OR_COMMENT.sub(" ", text))
    if written:
        yield f"the query itself does {written[1].upper()}"
    if not called:
        yield "the query calls no procedure"
    for name in called:
        if name not in WHY:
            yield f"policy/idempotent.py does not say why {name} may run twice for the same time"


def _labelled(config: Resource) -> Iterator[str]:
    if not _scheduled(config):
        return
    text = _query(config)
    if not text.lstrip().upper().startswith("SET @@QUERY_LABEL"):
        yield "the jobs of the query carry no label"
    for key, value in settings_of(config.urn).all_labels.items():
        if f"{key}:{value}" not in text:
            yield f"the jobs of the query do not carry {key}:{value}"


def _account(config: Resource) -> Iterator[str]:
    if not is_set(config.props, "serviceAccountName"):
        yield "it would run as the person who deploys"


def _no_destination(config: Resource) -> Iterator[str]:
    if not _scheduled(config):
        return
    params = config.props.get("params") or {}
    for key in ("destination_table_name_template", "write_disposition", "partitioning_field"):
        if params.get(key):
            yield f"{key} is refused for scripts"
    if config.props.get("destinationDatasetId"):
        yield "destinationDatasetId is refused for scripts"


def _announced(config: Resource) -> Iterator[str]:
    if not is_set(config.props, "notificationPubsubTopic"):
        yield "nobody is notified how its runs end"


def _one_at_a_time(config: Resource) -> Iterator[str]:
    if not config.opts.delete_before_replace:
        yield "a replacement would leave two configs, and both would run"


def _snapshots(resources: Sequence[Member]) -> Iterator[tuple[str, str | None]]:
    bodies = {
        known(routine.props, "routineId"): known(routine.props, "definitionBody") or ""
        for routine in of_type(resources, ROUTINE)
    }
    for config in of_type(resources, TRANSFER):
        text = known(config.props, "params", "query") or ""
        made = sum(len(_SNAPSHOT.findall(body)) > 0 for body in _reached(text, bodies))
        if not made:
            continue
        daily = runs_a_day(known(config.props, "schedule") or "")
        days = settings_of(config.urn).backup.deployment_retention_days
        if daily > _SNAPSHOTS_A_DAY:
            yield f"{daily:.0f} snapshots a day, {_SNAPSHOTS_A_DAY} is the maximum", config.urn
        elif daily * days > _SNAPSHOTS_OF_A_TABLE:
            yield (
                f"{daily * days:,.0f} snapshots of a table in {days} days, "
                f"{_SNAPSHOTS_OF_A_TABLE:,} is the maximum",
                config.urn,
            )


def _reached(text: str, bodies: dict[str, str]) -> Iterator[str]:
    """The text and the bodies of all routines that it calls, directly or not, each once."""
    seen: set[str] = set()
    waiting = [text]
    while waiting:
        body = waiting.pop()
        yield body
        for name in calls(body):
            if name in bodies and name not in seen:
                seen.add(name)
                waiting.append(bodies[name])


RULES = (
    Rule(
        id="schedule-off-the-hour",
        title="No schedule fires exactly on the hour",
        url=f"{_DOCS}#set_up_scheduled_queries",
        fix="move it by a few minutes",
        severity=Severity.MEDIUM,
        on=(TRANSFER,),
        check=_off_the_hour,
    ),
    Rule(
        id="schedule-interval",
        title="Runs are at least five minutes apart",
        url="https://cloud.google.com/bigquery/docs/reference/datatransfer/rest/v1/projects.transferConfigs",
        fix="every 5 minutes or less often",
        severity=Severity.HIGH,
        on=(TRANSFER,),
        check=_not_too_often,
    ),
    Rule(
        id="schedule-idempotent",
        title="A scheduled query only calls procedures, which may run twice",
        url=f"{_DOCS}#known_issues",
        fix="move the work into a procedure and say in policy/idempotent.py why it may repeat",
        severity=Severity.HIGH,
        on=(TRANSFER,),
        check=_idempotent,
    ),
    Rule(
        id="schedule-labelled",
        title="The jobs of a scheduled query carry the stack's labels",
        url="https://cloud.google.com/bigquery/docs/adding-labels#adding-label-to-session",
        fix="start with SET @@query_label (eros/project/schedules.py)",
        severity=Severity.MEDIUM,
        on=(TRANSFER,),
        check=_labelled,
    ),
    Rule(
        id="schedule-account",
        title="A scheduled query runs as a service account",
        url=f"{_DOCS}#service_account",
        fix="set service_account_name to the runner's account",
        severity=Severity.HIGH,
        on=(TRANSFER,),
        check=_account,
    ),
    Rule(
        id="schedule-no-destination",
        title="A scheduled script has no destination",
        url=f"{_DOCS}#destination_table",
        fix="remove it: the procedure says where it writes",
        severity=Severity.HIGH,
        on=(TRANSFER,),
        check=_no_destination,
    ),
    Rule(
        id="schedule-announced",
        title="Runs of a scheduled query are announced on a topic",
        url="https://cloud.google.com/bigquery/docs/transfer-run-notifications",
        fix="notification_pubsub_topic",
        severity=Severity.MEDIUM,
        on=(TRANSFER,),
        check=_announced,
    ),
    Rule(
        id="schedule-one-at-a-time",
        title="A replaced schedule is deleted first",
        url="https://www.pulumi.com/docs/iac/concepts/options/deletebeforereplace/",
        fix="delete_before_replace=True",
        severity=Severity.HIGH,
        on=(TRANSFER,),
        check=_one_at_a_time,
    ),
    Rule(
        id="snapshot-count",
        title="Scheduled snapshots stay below 50 a day and 1,000 a table",
        url="https://cloud.google.com/bigquery/quotas#table_snapshots",
        fix="take them less often, or keep them for a shorter time",
        severity=Severity.HIGH,
        stack_check=_snapshots,
    ),
)
