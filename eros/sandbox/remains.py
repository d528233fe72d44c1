"""What is left of a sandbox in the project, found by asking every API, and taken away.

`pulumi destroy` deletes what its state knows. This asks for the names and labels that everything
of a sandbox has, so that nothing is left either of one whose state was lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from eros.cloud.google import Google
from eros.project import log_buckets


@dataclass(frozen=True)
class Remain:
    """One thing that exists: its kind in words, its name, and what deletes it."""

    kind: str
    name: str
    delete: Callable[[], object]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


ASKED = (
    *("datasets", "scheduled queries", "alert policies", "notification channels", "dashboards"),
    *(
        "log-based metrics",
        "log sinks",
        "log buckets",
        "Pub/Sub topics",
        "buckets",
        "service accounts",
        "the project's policy",
    ),
)


def find(google: Google) -> list[Remain]:
    """All that is left, in an order in which it can be deleted.

    Raises one of `bqstack.failures.FAILURES`: what could not be asked is not known to be gone.
    """
    assert google.settings.sandbox
    return [
        *_transfers(google),
        *_monitoring(google),
        *_metrics(google),
        *_logs(google),
        *_topics(google),
        *_datasets(google),
        *_buckets(google),
        *_grants(google),
        *_accounts(google),
    ]


def _datasets(google: Google) -> Iterator[Remain]:
    own = google.settings
    known = {own.dataset, own.backup.dataset}
    for item in google.bigquery.list_datasets():
        if item.dataset_id in known or item.labels.get("sandbox") == own.sandbox:
            name = item.dataset_id

            def delete(name: str = name) -> None:
                google.bigquery.delete_dataset(name, delete_contents=True, not_found_ok=True)

            yield Remain("dataset", name, delete)


def _transfers(google: Google) -> Iterator[Remain]:
    own = google.settings
    parent = f"projects/{own.project}/locations/{own.location}"
    for config in google.transfers.list_transfer_configs(parent=parent):
        if config.display_name.endswith(own.names.title("")):
            name = config.name

            def delete(name: str = name) -> None:
                google.transfers.delete_transfer_config(name=name)

            yield Remain("scheduled query", f"{config.display_name}", delete)


def _monitoring(google: Google) -> Iterator[Remain]:
    own = google.settings
    project = f"projects/{own.project}"
    monitoring = google.api("monitoring").projects()
    dashboards = google.api("dashboards").projects().dashboards()
    # A channel that a policy names cannot be deleted before it.
    collections = (
        ("alert policy", monitoring.alertPolicies(), {"name": project}, "alertPolicies"),
        (
            "notification channel",
            monitoring.notificationChannels(),
            {"name": project},
            "notificationChannels",
        ),
        ("dashboard", dashboards, {"parent": project}, "dashboards"),
    )
    for kind, collection, parent, key in collections:
        for item in _listed(collection, key, **parent):
            if item["displayName"].endswith(own.names.title("")):
                yield Remain(
                    kind, item["displayName"], collection.delete(name=item["name"]).execute
                )


def _metrics(google: Google) -> Iterator[Remain]:
    own = google.settings
    metrics = google.api("logging").projects().metrics()
    for item in _listed(metrics, "metrics", parent=f"projects/{own.project}"):
        if item["name"].startswith(own.names.metric("eros/")):
            # The library does not quote the slash that is part of the name.
            name = f"projects/{own.project}/metrics/{item['name'].replace('/', '%2F')}"
            yield Remain("log-based metric", item["name"], metrics.delete(metricName=name).execute)


def _logs(google: Google) -> Iterator[Remain]:
    """Sinks and buckets of logs; Google keeps a deleted bucket for a week and bills nothing."""
    own = google.settings
    names = {log_buckets.bucket_id(own, key) for key in log_buckets.STREAMS}
    project = google.api("logging").projects()
    sinks = project.sinks()
    for item in _listed(sinks, "sinks", parent=f"projects/{own.project}"):
        if item["name"] in names:
            name = f"projects/{own.project}/sinks/{item['name']}"
            yield Remain("log sink", item["name"], sinks.delete(sinkName=name).execute)
    buckets = project.locations().buckets()
    parent = f"projects/{own.project}/locations/{log_buckets.LOCATION}"
    for item in _listed(buckets, "buckets", parent=parent):
        is_there = item.get("lifecycleState") != "DELETE_REQUESTED"
        if item["name"].rpartition("/")[2] in names and is_there:
            yield Remain("log bucket", item["name"], buckets.delete(name=item["name"]).execute)


def _topics(google: Google) -> Iterator[Remain]:
    own = google.settings
    topics = google.api("pubsub").projects().topics()
    for item in _listed(topics, "topics", project=f"projects/{own.project}"):
        if item.get("labels", {}).get("sandbox") == own.sandbox:
            yield Remain("topic", item["name"], topics.delete(topic=item["name"]).execute)


def _buckets(google: Google) -> Iterator[Remain]:
    own = google.settings
    storage = google.api("storage")
    for item in _listed(storage.buckets(), "items", project=own.project):
        if item.get("labels", {}).get("sandbox") == own.sandbox:
            name = item["name"]
            yield Remain("bucket", name, partial(_delete_bucket, storage, name))


def _delete_bucket(storage: Any, bucket: str) -> None:
    objects = storage.objects()
    for item in list(_listed(objects, "items", bucket=bucket, versions=True)):
        objects.delete(bucket=bucket, object=item["name"], generation=item["generation"]).execute()
    storage.buckets().delete(bucket=bucket).execute()


def _accounts(google: Google) -> Iterator[Remain]:
    own = google.settings
    accounts = google.api("iam").projects().serviceAccounts()
    for item in _listed(accounts, "accounts", name=f"projects/{own.project}"):
        if item["email"].partition("@")[0] == own.service_account:
            yield Remain(
                "service account", item["email"], accounts.delete(name=item["name"]).execute
            )


def _grants(google: Google) -> Iterator[Remain]:
    """Roles in the project of the sandbox's account, of a deleted one too."""
    own = google.settings
    projects = google.api("cloudresourcemanager").projects()
    policy = projects.getIamPolicy(resource=own.project, body={}).execute()
    email = f"serviceAccount:{own.service_account}@{own.project}.iam.gserviceaccount.com"
    for binding in policy.get("bindings", ()):
        for member in binding["members"]:
            if member.removeprefix("deleted:").partition("?")[0] == email:

                def revoke(role: str = binding["role"], member: str = member) -> None:
                    now = projects.getIamPolicy(resource=own.project, body={}).execute()
                    for one in now["bindings"]:
                        if one["role"] == role and not one.get("condition"):
                            one["members"] = [m for m in one["members"] if m != member]
                    now["bindings"] = [one for one in now["bindings"] if one["members"]]
                    # The policy's etag makes Google refuse it when somebody else was first.
                    projects.setIamPolicy(resource=own.project, body={"policy": now}).execute()

                yield Remain("grant", f"{binding['role']} of {member}", revoke)


def _listed(collection: Any, key: str, **parent: Any) -> Iterator[dict[str, Any]]:
    request = collection.list(**parent)
    while request is not None:
        page = request.execute()
        yield from page.get(key, ())
        request = collection.list_next(request, page)
