"""What is known of each resource type of Pulumi's gcp provider: one record, read by all.

Names of inputs are the provider's, in camelCase, and so are ids. What forces a replacement and
what is filled in are the provider's own facts (https://www.pulumi.com/registry/packages/gcp/),
permissions are Google's (https://cloud.google.com/iam/docs/permissions-reference).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any


@dataclass(frozen=True)
class ResourceType:
    """One type.

    `id_format` is the id of a resource by its inputs and `project`; a name in it that is no input
    is chosen by Google. `api` is the API in which that id is the path of the resource, where it is.
    A change of an input in `replaces` (dotted places, without indices) needs a new resource; so
    does one of the project, for every type. `defaults` are what the provider fills in, by place,
    and `zeros` values that say the same as nothing. Inputs in `unreadable` are
    never returned by the API: adoption takes them from the program.

    `words` are what a person calls it. `holds` says whether deleting one may lose what a new one
    does not have, and `lost` what that is. `weaker` are inputs whose change takes a protection
    away, with what follows. `permissions` are what `up` needs to make, change and delete one.
    `asked_for_twice` marks types of which a second request finds the first one's result.
    """

    token: str
    words: str = ""
    id_format: str = ""
    api: str = ""
    replaces: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    zeros: Mapping[str, Any] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    holds: bool = True
    lost: str = "what it holds is not made again with it"
    weaker: Mapping[str, str] = field(default_factory=dict)
    permissions: tuple[str, ...] = ()
    asked_for_twice: bool = False

    @property
    def title(self) -> str:
        """`words`, or the type's own name in small letters."""
        return self.words or words(self.token)

    @property
    def names(self) -> frozenset[str]:
        """The inputs, and `project`, that the id is made of."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.id_format) if name)

    def id_of(self, inputs: Mapping[str, Any]) -> str | None:
        """The id that these inputs give; None where Google chooses it, or nobody knows it."""
        try:
            return self.id_format.format(**inputs) or None
        except KeyError:
            return None


def words(token: str) -> str:
    """`gcp:bigquery/datasetAccess:DatasetAccess` as `dataset access`."""
    last = token.rpartition(":")[2].replace("IAM", "Iam")
    spaced = "".join(f" {c.lower()}" if c.isupper() else c for c in last).strip()
    return " ".join("IAM" if word == "iam" else word for word in spaced.split())


def _of(noun: str, *verbs: str) -> tuple[str, ...]:
    return tuple(f"{noun}.{verb}" for verb in verbs)


_WHOLE_LIFE = ("create", "get", "update", "delete")
# Deleted by `destroy` alone, or under another name.
_LASTING = ("create", "get", "update")
_POLICY = ("getIamPolicy", "setIamPolicy")
ACT_AS = "iam.serviceAccounts.actAs"

# Google's name of the API.
BIGQUERY = "bigquery"

DATASET = "gcp:bigquery/dataset:Dataset"
TABLE = "gcp:bigquery/table:Table"
ROUTINE = "gcp:bigquery/routine:Routine"
TRANSFER = "gcp:bigquery/dataTransferConfig:DataTransferConfig"
ROW_POLICY = "gcp:bigquery/rowAccessPolicy:RowAccessPolicy"
DATASET_ACCESS = "gcp:bigquery/datasetAccess:DatasetAccess"
DATASET_GRANT = "gcp:bigquery/datasetIamMember:DatasetIamMember"
LOG_METRIC = "gcp:logging/metric:Metric"
LOG_BUCKET = "gcp:logging/projectBucketConfig:ProjectBucketConfig"
LOG_SINK = "gcp:logging/projectSink:ProjectSink"
ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"
CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"
DASHBOARD = "gcp:monitoring/dashboard:Dashboard"
METRIC_DESCRIPTOR = "gcp:monitoring/metricDescriptor:MetricDescriptor"
AUDIT_CONFIG = "gcp:projects/iAMAuditConfig:IAMAuditConfig"
PROJECT_BINDING = "gcp:projects/iAMBinding:IAMBinding"
PROJECT_GRANT = "gcp:projects/iAMMember:IAMMember"
SERVICE = "gcp:projects/service:Service"
SERVICE_IDENTITY = "gcp:projects/serviceIdentity:ServiceIdentity"
SUBSCRIPTION = "gcp:pubsub/subscription:Subscription"
TOPIC = "gcp:pubsub/topic:Topic"
TOPIC_GRANT = "gcp:pubsub/topicIAMMember:TopicIAMMember"
ACCOUNT = "gcp:serviceaccount/account:Account"
ACCOUNT_GRANT = "gcp:serviceaccount/iAMMember:IAMMember"
ACCOUNT_KEY = "gcp:serviceaccount/key:Key"
BUCKET = "gcp:storage/bucket:Bucket"
BUCKET_GRANT = "gcp:storage/bucketIAMMember:BucketIAMMember"

# What an unknown type is replaced for, if it holds something.
_OTHERS_REPLACE = frozenset({"location", "name", "region"})
_GRANTS = ("IamMember", "IAMMember", "IamBinding", "IAMBinding", "IamPolicy", "IAMPolicy")


def _grant(token: str, *permissions: str) -> ResourceType:
    """A member of a role: every change of one is a new one."""
    return ResourceType(token, "access", holds=False, permissions=permissions, asked_for_twice=True)


_ALL = (
    ResourceType(
        DATASET,
        "dataset",
        "projects/{project}/datasets/{datasetId}",
        BIGQUERY,
        replaces=frozenset({"datasetId", "location", "externalDatasetReference"}),
        defaults={"deleteContentsOnDestroy": False, "location": "US"},
        unreadable=("deleteContentsOnDestroy",),
        lost="everything in it is deleted",
        weaker={"deleteContentsOnDestroy": "destroy deletes its tables, too"},
        permissions=_of("bigquery.datasets", *_LASTING),
    ),
    ResourceType(
        TABLE,
        "table",
        "projects/{project}/datasets/{datasetId}/tables/{tableId}",
        BIGQUERY,
        # More depends on both sides: bqstack.guard.table_changes, localgcp.provider.resources.table
        replaces=frozenset(
            {
                "biglakeConfiguration",
                "datasetId",
                "encryptionConfiguration",
                "externalDataConfiguration.schema",
                "materializedView.allowNonIncrementalDefinition",
                "materializedView.query",
                "rangePartitioning.field",
                "schemaForeignTypeInfo",
                "tableId",
                "tableReplicationInfo",
                "timePartitioning.field",
                "timePartitioning.type",
            }
        ),
        defaults={
            "deletionProtection": True,
            "externalDataConfiguration.compression": "NONE",
            "ignoreAutoGeneratedSchema": False,
            "materializedView.allowNonIncrementalDefinition": False,
            "materializedView.enableRefresh": True,
            "materializedView.refreshIntervalMs": 1_800_000,
        },
        zeros={"timePartitioning.expirationMs": 0},
        unreadable=("deletionProtection", "ignoreAutoGeneratedSchema"),
        lost="all its rows are deleted",
        # A view reads what it names when it is made; a dropped column is a query.
        permissions=(*_of("bigquery.tables", *_WHOLE_LIFE, "getData"), "bigquery.jobs.create"),
    ),
    ResourceType(
        ROUTINE,
        "routine",
        "projects/{project}/datasets/{datasetId}/routines/{routineId}",
        BIGQUERY,
        replaces=frozenset({"datasetId", "routineId", "routineType"}),
        defaults={"arguments.argumentKind": "FIXED_TYPE"},
        holds=False,
        permissions=_of("bigquery.routines", *_WHOLE_LIFE),
    ),
    ResourceType(
        ROW_POLICY,
        "row access policy",
        "projects/{project}/datasets/{datasetId}/tables/{tableId}/rowAccessPolicies/{policyId}",
        BIGQUERY,
        replaces=frozenset({"datasetId", "policyId", "tableId"}),
        # Input only: a policy's grantees are read by its IAM policy.
        unreadable=("grantees",),
        lost="without the last one of a table every reader of the table sees all its rows",
        weaker={
            "filterPredicate": "its grantees see other rows",
            "grantees": "other people see its rows",
        },
        permissions=(
            *_of("bigquery.rowAccessPolicies", *_WHOLE_LIFE, "setIamPolicy"),
            "bigquery.tables.getData",
        ),
    ),
    ResourceType(
        TRANSFER,
        "schedule",
        "projects/{project}/locations/{location}/transferConfigs/{configId}",
        replaces=frozenset({"dataSourceId", "location"}),
        defaults={"location": "US"},
        unreadable=("location", "serviceAccountName"),
        holds=False,
        # Since 2026-03-17 Data Transfer asks for the rights on the dataset's policy.
        permissions=(
            *_of("bigquery.transfers", "get", "update"),
            *_of("bigquery.datasets", *_POLICY),
            ACT_AS,
        ),
    ),
    ResourceType(DATASET_ACCESS, holds=False),
    # An entry of the dataset itself.
    _grant(DATASET_GRANT, *_of("bigquery.datasets", "get", "update")),
    ResourceType("gcp:logging/linkedDataset:LinkedDataset", holds=False),
    ResourceType(
        LOG_METRIC,
        "log-based metric",
        "{name}",
        replaces=frozenset({"name"}),
        defaults={"metricDescriptor.labels.valueType": "STRING", "metricDescriptor.unit": "1"},
        holds=False,
        permissions=_of("logging.logMetrics", *_WHOLE_LIFE),
    ),
    ResourceType(
        LOG_BUCKET,
        "log bucket",
        "projects/{project}/locations/{location}/buckets/{bucketId}",
        replaces=frozenset({"bucketId", "location"}),
        defaults={"retentionDays": 30},
        lost="all its log entries are deleted",
        permissions=_of("logging.buckets", *_LASTING),
    ),
    ResourceType("gcp:logging/projectExclusion:ProjectExclusion", holds=False),
    ResourceType(
        LOG_SINK,
        "log sink",
        "projects/{project}/sinks/{name}",
        replaces=frozenset({"name"}),
        defaults={"uniqueWriterIdentity": True},
        holds=False,
        weaker={
            "destination": "what it has kept so far stays where it is",
            "disabled": "new entries are no longer kept",
            "exclusions": "new entries that they match are no longer kept",
            "filter": "new entries that it no longer matches are not kept",
        },
        permissions=_of("logging.sinks", *_WHOLE_LIFE),
    ),
    ResourceType(
        ALERT,
        "alert policy",
        "projects/{project}/alertPolicies/{policyId}",
        defaults={"documentation.mimeType": "text/markdown", "enabled": True},
        holds=False,
        # A new metric is waited for before the policies over it.
        permissions=(
            *_of("monitoring.alertPolicies", *_WHOLE_LIFE),
            "monitoring.metricDescriptors.get",
        ),
    ),
    ResourceType(
        DASHBOARD,
        "dashboard",
        "projects/{project}/dashboards/{dashboardId}",
        holds=False,
        permissions=_of("monitoring.dashboards", *_WHOLE_LIFE),
    ),
    ResourceType(
        METRIC_DESCRIPTOR,
        id_format="projects/{project}/metricDescriptors/{type}",
        replaces=frozenset({"labels", "launchStage", "metricKind", "type", "valueType"}),
        defaults={"labels.valueType": "STRING"},
    ),
    ResourceType(
        CHANNEL,
        "notification channel",
        "projects/{project}/notificationChannels/{channelId}",
        defaults={"enabled": True, "forceDelete": False},
        holds=False,
        permissions=_of("monitoring.notificationChannels", *_WHOLE_LIFE),
    ),
    ResourceType("gcp:monitoring/slo:Slo", holds=False),
    ResourceType("gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig", holds=False),
    ResourceType(AUDIT_CONFIG, holds=False),
    _grant(PROJECT_GRANT, *_of("resourcemanager.projects", "get", *_POLICY)),
    ResourceType(
        SERVICE,
        "service",
        "{project}/{service}",
        replaces=frozenset({"service"}),
        holds=False,
        # Enabling is asked for where a service is not enabled yet.
        permissions=_of("serviceusage.services", "get", "list"),
        asked_for_twice=True,
    ),
    # IAM has no permission for it.
    ResourceType(
        SERVICE_IDENTITY,
        "service agent",
        "projects/{project}/services/{service}",
        replaces=frozenset({"service"}),
        holds=False,
        asked_for_twice=True,
    ),
    ResourceType(SUBSCRIPTION, replaces=frozenset({"name", "topic"})),
    ResourceType(
        TOPIC,
        "topic",
        "projects/{project}/topics/{name}",
        replaces=frozenset({"name", "tags"}),
        holds=False,
        permissions=_of("pubsub.topics", *_WHOLE_LIFE),
    ),
    _grant(TOPIC_GRANT, *_of("pubsub.topics", *_POLICY)),
    ResourceType(
        ACCOUNT,
        "service account",
        "projects/{project}/serviceAccounts/{email}",
        replaces=frozenset({"accountId"}),
        defaults={"disabled": False},
        holds=False,
        permissions=_of("iam.serviceAccounts", *_LASTING),
    ),
    _grant(ACCOUNT_GRANT, *_of("iam.serviceAccounts", *_POLICY)),
    ResourceType(
        BUCKET,
        "bucket",
        "{name}",
        replaces=frozenset(
            {
                "customPlacementConfig",
                "enableObjectRetention",
                "hierarchicalNamespace",
                "location",
                "name",
            }
        ),
        defaults={"forceDestroy": False, "storageClass": "STANDARD"},
        lost="all its objects are deleted",
        weaker={
            "forceDestroy": "destroy deletes its objects, too",
            "versioning": "overwritten objects may be gone from now on",
        },
        permissions=_of("storage.buckets", *_LASTING),
    ),
    _grant(BUCKET_GRANT, *_of("storage.buckets", *_POLICY)),
)
TYPES: Mapping[str, ResourceType] = {one.token: one for one in _ALL}


def is_grant(token: str) -> bool:
    """Whether a type is an IAM grant: every change of one is a new one."""
    return token.endswith(_GRANTS)


def known(token: str) -> ResourceType:
    """The record of a type; of an unknown one what is safe to take for true."""
    if token in TYPES:
        return TYPES[token]
    if is_grant(token):
        return _grant(token)
    return ResourceType(token, replaces=_OTHERS_REPLACE)
