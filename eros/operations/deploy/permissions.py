"""What a deployer must be allowed to do; names as in Google's IAM reference.

From two tables: what `up` does to each type of resource that the program declares, and what
the commands around it read and write. All can be tested on the project, one of them on the
runner's account, too.

Left out: deleting a dataset, the bucket or the runner's account, which only `destroy` and
another name for one of them do; and asking for a service's agent, for which IAM has no
permission.
"""

from __future__ import annotations

from itertools import chain

ENABLE = "serviceusage.services.enable"
# Granted on the project or on the runner's account alone.
ACT_AS = "iam.serviceAccounts.actAs"
# IAM's own limit for one request of testIamPermissions.
PER_REQUEST = 100

_WHOLE_LIFE = ("create", "get", "update", "delete")
_LASTING = ("create", "get", "update")
_POLICY = ("getIamPolicy", "setIamPolicy")


def _of(noun: str, *verbs: str) -> tuple[str, ...]:
    return tuple(f"{noun}.{verb}" for verb in verbs)


BY_TYPE: dict[str, tuple[str, ...]] = {
    # Since 2026-03-17 Data Transfer asks for the rights on the dataset's policy.
    "gcp:bigquery/dataTransferConfig:DataTransferConfig": (
        *_of("bigquery.transfers", "get", "update"),
        *_of("bigquery.datasets", *_POLICY),
        ACT_AS,
    ),
    "gcp:bigquery/dataset:Dataset": _of("bigquery.datasets", *_LASTING),
    # A grant is an entry of the dataset itself.
    "gcp:bigquery/datasetIamMember:DatasetIamMember": _of("bigquery.datasets", "get", "update"),
    "gcp:bigquery/routine:Routine": _of("bigquery.routines", *_WHOLE_LIFE),
    # A view reads what it names when it is made; a dropped column is a query.
    "gcp:bigquery/table:Table": (
        *_of("bigquery.tables", *_WHOLE_LIFE, "getData"),
        "bigquery.jobs.create",
    ),
    "gcp:logging/metric:Metric": _of("logging.logMetrics", *_WHOLE_LIFE),
    # A new metric is waited for before the policies over it.
    "gcp:monitoring/alertPolicy:AlertPolicy": (
        *_of("monitoring.alertPolicies", *_WHOLE_LIFE),
        "monitoring.metricDescriptors.get",
    ),
    "gcp:monitoring/dashboard:Dashboard": _of("monitoring.dashboards", *_WHOLE_LIFE),
    "gcp:monitoring/notificationChannel:NotificationChannel": _of(
        "monitoring.notificationChannels", *_WHOLE_LIFE
    ),
    "gcp:projects/iAMMember:IAMMember": _of("resourcemanager.projects", "get", *_POLICY),
    # Enabling is asked for where a service is not enabled yet.
    "gcp:projects/service:Service": _of("serviceusage.services", "get", "list"),
    "gcp:projects/serviceIdentity:ServiceIdentity": (),
    "gcp:pubsub/topic:Topic": _of("pubsub.topics", *_WHOLE_LIFE),
    "gcp:pubsub/topicIAMMember:TopicIAMMember": _of("pubsub.topics", *_POLICY),
    "gcp:serviceaccount/account:Account": _of("iam.serviceAccounts", *_LASTING),
    "gcp:serviceaccount/iAMMember:IAMMember": _of("iam.serviceAccounts", *_POLICY),
    "gcp:storage/bucket:Bucket": _of("storage.buckets", *_LASTING),
    "gcp:storage/bucketIAMMember:BucketIAMMember": _of("storage.buckets", *_POLICY),
}
BY_COMMAND: dict[str, tuple[str, ...]] = {
    "backup": (
        *_of(
            "bigquery.tables",
            *("createSnapshot", "deleteSnapshot", "export", "list", "restoreSnapshot"),
            *("getData", "updateData"),
        ),
        *_of("storage.objects", "create", "delete", "get", "list"),
    ),
    "deploy": ("bigquery.jobs.listAll", "monitoring.timeSeries.list"),
    # It finds what an interrupted update has made by its title.
    "rollback": (
        "monitoring.alertPolicies.list",
        "monitoring.dashboards.list",
        "monitoring.notificationChannels.list",
    ),
}
PERMISSIONS = tuple(sorted({*chain(*BY_TYPE.values()), *chain(*BY_COMMAND.values())}))
