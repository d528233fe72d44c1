"""Looking a resource up that a dead engine may have created.

Most have the id that their inputs give them. Google chooses the id of some: they are known by the
title that people see, and by what else they were created with. What is left is a grant, an enabled
service or the like: its record says that it can be asked for twice without a second one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from google.api_core.exceptions import NotFound
from google.protobuf.json_format import MessageToDict
from googleapiclient.errors import HttpError

from bqstack import bigquery_rest
from eros.cloud.google import Google
from gcptypes import known
from gcptypes.records import (
    ACCOUNT,
    ALERT,
    BIGQUERY,
    BUCKET,
    CHANNEL,
    CUSTOM_ROLE,
    DASHBOARD,
    LOG_BUCKET,
    LOG_METRIC,
    LOG_SINK,
    SUBSCRIPTION,
    TOPIC,
    TRANSFER,
)

Inputs = Mapping[str, Any]
_NOT_FOUND = 404
# Of a log bucket: https://cloud.google.com/logging/docs/reference/v2/rest/v2/LifecycleState
_DELETED = "DELETE_REQUESTED"


def ids(google: Google, kind: str, inputs: Inputs) -> list[str]:
    """Ids of what exists and has these inputs; several only where Google chooses the id.

    Raises one of `eros.cloud.google.FAILURES` when the cloud does not answer.
    """
    inputs = {"project": google.settings.project, **inputs}
    record = known(kind)
    if record.api == BIGQUERY and (own := record.id_of(inputs)):
        return [own] if bigquery_rest.get(google.bigquery, own) is not None else []
    if find := _NAMED.get(kind):
        found = find(google, inputs)
        return [found] if found else []
    if search := _TITLED.get(kind):
        return list(search(google, inputs))
    return []


def can_find(kind: str) -> bool:
    """Whether a resource of this type can be looked up, or be asked for a second time."""
    record = known(kind)
    return record.asked_for_twice or record.api == BIGQUERY or kind in _NAMED or kind in _TITLED


def _metric(google: Google, inputs: Inputs) -> str | None:
    # Listed: names have slashes, which the client does not send as part of one name.
    collection = google.api("logging").projects().metrics()
    parent = {"parent": f"projects/{inputs['project']}"}
    return next(_same(collection, parent, "metrics", inputs, ("name",)), None)


def _topic(google: Google, inputs: Inputs) -> str | None:
    name = f"projects/{inputs['project']}/topics/{inputs['name']}"
    request = google.api("pubsub").projects().topics().get(topic=name)
    return name if _there(request.execute) else None


def _subscription(google: Google, inputs: Inputs) -> str | None:
    name = known(SUBSCRIPTION).id_of(inputs)
    request = google.api("pubsub").projects().subscriptions().get(subscription=name)
    return name if _there(request.execute) else None


def _account(google: Google, inputs: Inputs) -> str | None:
    project = inputs["project"]
    email = f"{inputs['accountId']}@{project}.iam.gserviceaccount.com"
    name = f"projects/{project}/serviceAccounts/{email}"
    request = google.api("iam").projects().serviceAccounts().get(name=name)
    return name if _there(request.execute) else None


def _role(google: Google, inputs: Inputs) -> str | None:
    name = known(CUSTOM_ROLE).id_of(inputs)
    request = google.api("iam").projects().roles().get(name=name)
    found: list[dict[str, Any]] = []
    if not _there(lambda: found.append(request.execute())):
        return None
    # One that was deleted is there for weeks; a second request for it takes it back.
    return None if found[0].get("deleted") else name


def _bucket(google: Google, inputs: Inputs) -> str | None:
    request = google.api("storage").buckets().get(bucket=inputs["name"])
    return inputs["name"] if _there(request.execute) else None


def _log_bucket(google: Google, inputs: Inputs) -> str | None:
    name = known(LOG_BUCKET).id_of(inputs)
    request = google.api("logging").projects().locations().buckets().get(name=name)
    found: list[dict[str, Any]] = []
    if not _there(lambda: found.append(request.execute())):
        return None
    # One that was deleted is there for days; a second request for it takes it back.
    return None if found[0].get("lifecycleState") == _DELETED else name


def _log_sink(google: Google, inputs: Inputs) -> str | None:
    name = known(LOG_SINK).id_of(inputs)
    request = google.api("logging").projects().sinks().get(sinkName=name)
    return name if _there(request.execute) else None


def _transfers(google: Google, inputs: Inputs) -> Iterator[str]:
    location = inputs.get("location", google.settings.location)
    parent = f"projects/{inputs['project']}/locations/{location}"
    wanted = {"dataSourceId": inputs["dataSourceId"], "params": inputs.get("params")}
    for config in google.transfers.list_transfer_configs(parent=parent):
        if config.display_name == inputs["displayName"]:
            held = {
                "dataSourceId": config.data_source_id,
                "params": MessageToDict(type(config).pb(config).params),
            }
            if _holds(held, wanted):
                yield config.name


def _policies(google: Google, inputs: Inputs) -> Iterator[str]:
    collection = google.api("monitoring").projects().alertPolicies()
    parent = {"name": f"projects/{inputs['project']}"}
    yield from _same(collection, parent, "alertPolicies", inputs, ("displayName", "userLabels"))


def _channels(google: Google, inputs: Inputs) -> Iterator[str]:
    collection = google.api("monitoring").projects().notificationChannels()
    parent = {"name": f"projects/{inputs['project']}"}
    keys = ("displayName", "type", "userLabels")
    yield from _same(collection, parent, "notificationChannels", inputs, keys)


def _dashboards(google: Google, inputs: Inputs) -> Iterator[str]:
    collection = google.api("dashboards").projects().dashboards()
    parent = {"parent": f"projects/{inputs['project']}"}
    content = json.loads(inputs["dashboardJson"])
    yield from _same(collection, parent, "dashboards", content, ("displayName", "labels"))


def _same(
    collection: Any, parent: Inputs, key: str, inputs: Inputs, compared: tuple[str, ...]
) -> Iterator[str]:
    """Names of what a collection holds with the same values of some keys."""
    wanted = {name: inputs[name] for name in compared if name in inputs}
    request = collection.list(**parent)
    while request is not None:
        page = request.execute()
        yield from (item["name"] for item in page.get(key, ()) if _holds(item, wanted))
        request = collection.list_next(request, page)


def _holds(held: Any, wanted: Any) -> bool:
    """Whether all of `wanted` is in what Google holds, which may have more."""
    if isinstance(wanted, Mapping):
        # The engine's own keys, such as __defaults, belong to the engine only.
        own = {key: value for key, value in wanted.items() if key[:2] != "__"}
        return isinstance(held, Mapping) and all(_holds(held.get(k), own[k]) for k in own)
    return held == wanted or (wanted is None and not held)


def _there(get: Callable[[], object]) -> bool:
    try:
        get()
    except NotFound:
        return False
    except HttpError as error:
        if error.status_code != _NOT_FOUND:
            raise
        return False
    return True


_NAMED: dict[str, Callable[[Google, Inputs], str | None]] = {
    LOG_BUCKET: _log_bucket,
    LOG_METRIC: _metric,
    LOG_SINK: _log_sink,
    SUBSCRIPTION: _subscription,
    TOPIC: _topic,
    ACCOUNT: _account,
    CUSTOM_ROLE: _role,
    BUCKET: _bucket,
}
_TITLED: dict[str, Callable[[Google, Inputs], Iterator[str]]] = {
    TRANSFER: _transfers,
    ALERT: _policies,
    DASHBOARD: _dashboards,
    CHANNEL: _channels,
}
