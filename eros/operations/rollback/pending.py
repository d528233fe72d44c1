"""Operations that a dead engine had begun, and whose end nobody saw.

Pulumi asks a person whether each resource was created. Nobody may be there to say, and a wrong
answer makes a second schedule of the same name, so the cloud is asked: what is there is taken
into the state, and a refresh finds out whether it really is.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from bqstack import engine, state
from eros.cloud.google import Google
from eros.operations.rollback.updates import Updates
from eros.operations.rollback.variants import TRANSFER

_CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"
_POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"
_DASHBOARD = "gcp:monitoring/dashboard:Dashboard"
# Google chooses the ids of these; they are known by the name that people see.
_NAMED_BY_GOOGLE = (TRANSFER, _CHANNEL, _POLICY, _DASHBOARD)


def settle(
    google: Google,
    updates: Updates,
    ids: Mapping[str, str],
    message: str,
    *,
    taken: Sequence[str],
    remember: Callable[[Sequence[str]], None],
) -> tuple[str, ...]:
    """Find out how interrupted operations ended; their urns.

    `ids` has the ids that resources have when they are made. `remember` receives the urns before
    the state calls their operations ended, and `taken` has those of an earlier try that may
    have died before its refresh. Raises UserError.
    """
    settled = tuple(taken)
    if state.current(updates.stack, updates.root).pending:

        def take_over() -> tuple[str, ...]:
            # Read here: while another engine is still at work, they are no interrupted ones.
            document = json.loads(_pulumi(updates, "stack", "export"))
            found = _without_pending(google, document["deployment"], ids)
            urns = tuple(dict.fromkeys((*taken, *found)))
            remember(urns)
            with tempfile.TemporaryDirectory(prefix="eros-state-") as folder:
                file = Path(folder, "state.json")
                file.write_text(json.dumps(document), encoding="utf-8")
                _pulumi(updates, "stack", "import", "--file", str(file))
            return urns

        settled = updates.when_free(take_over)
    if not settled:
        return ()
    there = state.current(updates.stack, updates.root).by_urn
    targets = [f"--target={urn}" for urn in settled if urn in there]
    if targets:
        _pulumi(updates, "refresh", "--yes", "--skip-preview", f"--message={message}", *targets)
    return settled


def _pulumi(updates: Updates, *arguments: str) -> str:
    return engine.output(*arguments, "--stack", updates.stack, root=updates.root)


def _without_pending(
    google: Google, deployment: dict[str, Any], ids: Mapping[str, str]
) -> tuple[str, ...]:
    """Change a deployment: created resources are in it, no operation is open."""
    operations = deployment.pop("pending_operations", None) or []
    resources = deployment["resources"]
    known = {resource["urn"] for resource in resources}
    taken = {resource.get("id") for resource in resources}
    for operation in operations:
        resource = operation["resource"]
        if operation["type"] != "creating" or resource["urn"] in known:
            continue
        found = _id(google, resource, ids, taken)
        if found:
            resources.append({**resource, "id": found})
    return tuple(operation["resource"]["urn"] for operation in operations)


def _id(
    google: Google, resource: Mapping[str, Any], ids: Mapping[str, str], taken: Collection[Any]
) -> str | None:
    """The id of a resource that may have been created; None when it surely was not."""
    kind, inputs = resource["type"], resource.get("inputs") or {}
    if kind not in _NAMED_BY_GOOGLE:
        return ids.get(resource["urn"])
    title = inputs.get("displayName")
    if kind == _DASHBOARD:
        title = json.loads(inputs["dashboardJson"]).get("displayName")
    matching = [name for name, shown in _titles(google, kind) if shown == title]
    return next((name for name in matching if name not in taken), None)


def _titles(google: Google, kind: str) -> list[tuple[str, str]]:
    """Id and shown name of everything of this kind in the project."""
    project = f"projects/{google.settings.project}"
    if kind == TRANSFER:
        parent = f"{project}/locations/{google.settings.location}"
        configs = google.transfers.list_transfer_configs(parent=parent)
        return [(config.name, config.display_name) for config in configs]
    if kind == _DASHBOARD:
        collection = google.api("dashboards").projects().dashboards()
        request, key = collection.list(parent=project), "dashboards"
    elif kind == _CHANNEL:
        collection = google.api("monitoring").projects().notificationChannels()
        request, key = collection.list(name=project), "notificationChannels"
    else:
        collection = google.api("monitoring").projects().alertPolicies()
        request, key = collection.list(name=project), "alertPolicies"
    found: list[tuple[str, str]] = []
    while request is not None:
        page = request.execute()
        found += [(item["name"], item.get("displayName", "")) for item in page.get(key, [])]
        request = collection.list_next(request, page)
    return found
