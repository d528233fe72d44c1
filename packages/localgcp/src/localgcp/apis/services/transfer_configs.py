"""BigQuery Data Transfer v1: transfer configs, data sources and locations.

Only scheduled queries are served. Names carry the project's number and the
location in lower case, as Google gives them back; either spelling is found.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from gcptypes import transfer_schedules as schedules

from .. import service_agents
from ..api_errors import invalid, not_found
from ..call import Call, Registry
from ..clock import parse_rfc3339, rfc3339
from ..masks import apply_mask
from ..store import Resource
from ..transfers import stored_configs
from . import service_accounts

_ROOTS = (
    "bigquerydatatransfer.projects.locations",
    "bigquerydatatransfer.projects",
)
SOURCE = "scheduled_query"
# Google's default for scheduled queries when no schedule is given.
_DEFAULT_SCHEDULE = "every 24 hours"
_PARAMS = {
    "query",
    "destination_table_name_template",
    "write_disposition",
    "partitioning_field",
    "partitioning_type",
}
_TOPIC = re.compile(r"projects/[^/]+/topics/[^/]+")
# Names that a mask may hold though they are no fields of the config.
_QUERY_FIELDS = {"service_account_name", "serviceAccountName", "version_info", "versionInfo"}
_DEFAULT_LOCATION = "us"


def register(registry: Registry) -> None:
    for root in _ROOTS:
        registry.add(f"{root}.transferConfigs.create")(create)
        registry.add(f"{root}.transferConfigs.get")(get)
        registry.add(f"{root}.transferConfigs.list")(list_configs)
        registry.add(f"{root}.transferConfigs.patch")(patch)
        registry.add(f"{root}.transferConfigs.delete")(delete)
        registry.add(f"{root}.dataSources.get")(get_source)
        registry.add(f"{root}.dataSources.list")(list_sources)
        registry.add(f"{root}.dataSources.checkValidCreds")(lambda call: {"hasValidCreds": True})
        registry.add(f"{root}.enrollDataSources")(lambda call: {})
    registry.add(f"{_ROOTS[0]}.get")(get_location)
    registry.add(f"{_ROOTS[0]}.list")(list_locations)


def normal_name(call: Call) -> str:
    """The name in the path with project id and lower-case location, both always there."""
    parts = call.target.split("/")
    if len(parts) < 3 or parts[2] != "locations":
        parts[2:2] = ["locations", _DEFAULT_LOCATION]
    parts[3] = parts[3].lower()
    return "/".join(parts)


def find(call: Call, name: str | None = None) -> Resource:
    config = call.tx.get(stored_configs.CONFIG, name or normal_name(call))
    if config is None:
        raise not_found()
    return config


def _publish(call: Call, config: Resource, *, owner: bool = False) -> dict[str, Any]:
    body = dict(config.body)
    timetable = stored_configs.timetable(config)
    upcoming = timetable.next_after(call.cloud.clock.now()) if timetable else None
    if upcoming:
        body["nextRunTime"] = rfc3339(upcoming)
    if owner:
        body["ownerInfo"] = {"email": config.private["owner"]}
    return body


def create(call: Call) -> dict[str, Any]:
    parent = normal_name(call)
    config_id = str(uuid.uuid4())
    location = parent.split("/")[3]
    number = call.cloud.project_number
    body = {
        **call.body,
        "name": f"projects/{number}/locations/{location}/transferConfigs/{config_id}",
        "datasetRegion": location,
        "userId": str(int(number) * 31),
        "state": "PENDING",
    }
    private = {"owner": _owner(call) or call.cloud.caller, "scheduleSet": call.now}
    name = f"{parent}/transferConfigs/{config_id}"
    config = Resource(stored_configs.CONFIG, name, parent, body, private)
    _check(config)
    config.body["updateTime"] = call.now
    call.tx.insert(config)
    # The first use of the API makes its agent.
    service_agents.make(call, service_agents.TRANSFERS)
    return _publish(call, config)


def _owner(call: Call) -> str | None:
    """The service account of the request; 400 when this project does not have it."""
    email = call.query.get("serviceAccountName")
    ours = f"@{call.cloud.project}.iam.gserviceaccount.com"
    if email and email.endswith(ours) and not service_accounts.find_by_email(call, email):
        raise invalid(f"Service account {email} does not exist.", "service_account_name")
    return email


def _check(config: Resource) -> None:
    """What the service refuses beyond the schema; fills in the default schedule."""
    body = config.body
    if body.get("dataSourceId") != SOURCE:
        raise invalid(
            f"Data source '{body.get('dataSourceId', '')}' is not served; only {SOURCE} is.",
            "transfer_config.data_source_id",
        )
    if not body.get("displayName"):
        raise invalid("The display name must be set.", "transfer_config.display_name")
    _check_params(body)
    topic = body.get("notificationPubsubTopic")
    if topic and not _TOPIC.fullmatch(topic):
        raise invalid(
            f"Invalid Pub/Sub topic '{topic}': expected projects/PROJECT/topics/TOPIC.",
            "transfer_config.notification_pubsub_topic",
        )
    _check_schedule(config)


def _check_params(body: dict[str, Any]) -> None:
    params = body.get("params", {})
    unknown = sorted(params.keys() - _PARAMS)
    if unknown:
        raise invalid(
            f"Data source parameter '{unknown[0]}' is not known to {SOURCE}.",
            "transfer_config.params",
        )
    for name, value in params.items():
        if not isinstance(value, str):
            raise invalid(f"Parameter '{name}' must be a string.", "transfer_config.params")
    if not params.get("query", "").strip():
        raise invalid("Parameter 'query' is required.", "transfer_config.params")
    if params.get("destination_table_name_template") and not body.get("destinationDatasetId"):
        raise invalid(
            "A destination table needs a destination dataset.",
            "transfer_config.destination_dataset_id",
        )


def _check_schedule(config: Resource) -> None:
    body = config.body
    if "scheduleOptionsV2" in body and ("schedule" in body or "scheduleOptions" in body):
        raise invalid(
            "schedule_options_v2 cannot be used together with schedule and schedule_options.",
            "transfer_config.schedule_options_v2",
        )
    options = body.get("scheduleOptions", {})
    on_demand = "scheduleOptionsV2" in body or options.get("disableAutoScheduling")
    if "schedule" not in body and not on_demand:
        body["schedule"] = _DEFAULT_SCHEDULE
    try:
        if "schedule" in body:
            schedules.parse(body["schedule"])
        stored_configs.timetable(config)
    except schedules.ScheduleError as error:
        raise invalid(str(error), "transfer_config.schedule") from None
    start, end = options.get("startTime"), options.get("endTime")
    if start and end and parse_rfc3339(start) >= parse_rfc3339(end):
        raise invalid(
            "The start time must be before the end time.", "transfer_config.schedule_options"
        )


def get(call: Call) -> dict[str, Any]:
    return _publish(call, find(call), owner=True)


def list_configs(call: Call) -> dict[str, Any]:
    parent = normal_name(call)
    wanted = set(call.query.get("dataSourceIds", [SOURCE]))
    everywhere = parent.endswith("/locations/-")
    rows = [
        item
        for item in call.tx.all(stored_configs.CONFIG)
        if (everywhere or item.parent == parent) and item.body["dataSourceId"] in wanted
    ]
    chosen, token = call.page(rows)
    answer: dict[str, Any] = {}
    if chosen:
        answer["transferConfigs"] = [_publish(call, item) for item in chosen]
    return {**answer, "nextPageToken": token} if token else answer


def patch(call: Call) -> dict[str, Any]:
    old = find(call)
    mask = call.query.get("updateMask")
    if not mask:
        raise invalid("The update mask is required.", "update_mask")
    paths = [path.strip() for path in mask.split(",")]
    fields = [path for path in paths if path not in _QUERY_FIELDS]
    if {"data_source_id", "dataSourceId"} & set(fields):
        raise invalid("The data source of a transfer config cannot change.", "update_mask")
    body = old.body
    if fields:
        schema = call.method.request or {}
        body = apply_mask(call.method.api, schema, old.body, call.body, ",".join(fields))
    config = Resource(old.kind, old.name, old.parent, body, dict(old.private), old.seq)
    config.private["owner"] = _owner(call) or old.private["owner"]
    if _schedule_of(config) != _schedule_of(old):
        config.private["scheduleSet"] = call.now
    _check(config)
    config.body["updateTime"] = call.now
    call.tx.update(config)
    return _publish(call, config)


def _schedule_of(config: Resource) -> list[Any]:
    names = ("schedule", "scheduleOptions", "scheduleOptionsV2", "disabled")
    return [config.body.get(name) for name in names]


def delete(call: Call) -> dict[str, Any]:
    """Delete a config with its runs and their messages."""
    config = find(call)
    for run in call.tx.children(stored_configs.RUN, config.name):
        delete_run(call, run)
    call.tx.delete(stored_configs.CONFIG, config.name)
    return {}


def delete_run(call: Call, run: Resource) -> None:
    call.tx.sql.execute(
        "DELETE FROM resource WHERE kind = ? AND parent = ?", (stored_configs.MESSAGE, run.name)
    )
    call.tx.delete(stored_configs.RUN, run.name)


def _source(call: Call) -> dict[str, Any]:
    location = normal_name(call).split("/")[3]
    return {
        "name": f"projects/{call.cloud.project_number}/locations/{location}/dataSources/{SOURCE}",
        "dataSourceId": SOURCE,
        "displayName": "Scheduled Query",
        "description": "Runs a query on a schedule.",
        "supportsCustomSchedule": True,
        "defaultSchedule": _DEFAULT_SCHEDULE,
        "minimumScheduleInterval": f"{int(schedules.MINIMUM_INTERVAL.total_seconds())}s",
        "parameters": [
            {"paramId": name, "type": "STRING", **({"required": True} if name == "query" else {})}
            for name in sorted(_PARAMS)
        ],
    }


def get_source(call: Call) -> dict[str, Any]:
    if call.target.rsplit("/", 1)[-1] != SOURCE:
        raise not_found()
    return _source(call)


def list_sources(call: Call) -> dict[str, Any]:
    return {"dataSources": [_source(call)]}


def _location(call: Call, location: str) -> dict[str, Any]:
    return {
        "name": f"projects/{call.cloud.project}/locations/{location}",
        "locationId": location,
        "displayName": location.upper() if len(location) == 2 else location,
    }


def get_location(call: Call) -> dict[str, Any]:
    return _location(call, normal_name(call).split("/")[3])


def list_locations(call: Call) -> dict[str, Any]:
    used = {item.parent.split("/")[3] for item in call.tx.all(stored_configs.CONFIG)}
    return {"locations": [_location(call, name) for name in sorted(used | {_DEFAULT_LOCATION})]}
