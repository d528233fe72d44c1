"""What somebody may do who makes sandboxes: one custom role of the project, for all of them.

A role per sandbox would not do: a deleted custom role keeps its id for weeks, and everybody would
need the right to make roles. Rows are not in it: those of the source are read by a grant on its
dataset, and who creates a dataset owns it.
https://cloud.google.com/bigquery/docs/datasets#required_permissions
"""

from __future__ import annotations

from collections.abc import Iterable

from gcptypes import known, records

ROLE_ID = "eros_sandbox_owner"
TITLE = "EROS: makes sandboxes"
DESCRIPTION = "Makes sandboxes beside this stack, works in them and destroys them"
ADMIN = "roles/resourcemanager.projectIamAdmin"
# Google knows no smaller place for these than the project.
_TYPES = (
    *(records.TRANSFER, records.LOG_METRIC, records.LOG_BUCKET, records.LOG_SINK, records.ALERT),
    *(records.DASHBOARD, records.SERVICE, records.TOPIC, records.TOPIC_GRANT, records.ACCOUNT),
    *(records.ACCOUNT_GRANT, records.BUCKET, records.BUCKET_GRANT),
)
# What `eros sandbox` asks besides: it looks at the source, lists every API, and deletes.
_BESIDE = (
    *("bigquery.datasets.create", "bigquery.datasets.get", "bigquery.jobs.create"),
    *("bigquery.jobs.listAll", "bigquery.rowAccessPolicies.list", "iam.serviceAccounts.delete"),
    *("iam.serviceAccounts.list", "logging.buckets.delete", "logging.buckets.list"),
    *("logging.buckets.undelete", "logging.logMetrics.list", "logging.sinks.list"),
    *("monitoring.alertPolicies.list", "monitoring.dashboards.list"),
    *("monitoring.notificationChannels.list", "pubsub.topics.list"),
    *("resourcemanager.projects.get", "resourcemanager.projects.getIamPolicy"),
    *("storage.buckets.delete", "storage.buckets.list", "storage.objects.delete"),
    *("storage.objects.list",),
)
# What a type asks on a dataset: held on the own one, and in the project it would open all others.
_OWNED = frozenset({"bigquery.datasets.getIamPolicy", "bigquery.datasets.setIamPolicy"})


def permissions() -> list[str]:
    """All of the role, in alphabetical order."""
    own = (known(token).permissions for token in _TYPES)
    return sorted({*_BESIDE, *(one for some in own for one in some)} - _OWNED)


def grants_only(roles: Iterable[str]) -> str:
    """IAM condition: the project's policy may be changed for these roles and no other.

    https://cloud.google.com/iam/docs/setting-limits-on-granting-roles
    """
    listed = ", ".join(f"'{role}'" for role in sorted(roles))
    return f"api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly([{listed}])"
