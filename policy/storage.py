"""Buckets and tables: closed, versioned, safe from deletion."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from bqstack.policy.rule import Resource, Rule
from gcptypes.records import BUCKET, DATASET, TABLE
from policy.stack import settings_of

_MOST_HOURS = 168


def _public_bucket(bucket: Resource) -> Iterator[str]:
    found = bucket.props.get("publicAccessPrevention")
    if found != "enforced":
        yield f"publicAccessPrevention is {found or 'not set'}"


def _uniform(bucket: Resource) -> Iterator[str]:
    if bucket.props.get("uniformBucketLevelAccess") is not True:
        yield "single objects can have their own access lists"


def _recoverable(bucket: Resource) -> Iterator[str]:
    props = bucket.props
    versions = (props.get("versioning") or {}).get("enabled") is True
    if not versions and not props.get("retentionPolicy"):
        yield "overwritten or deleted objects are lost: no versions, no retention policy"


def _ends(bucket: Resource) -> Iterator[str]:
    rules = bucket.props.get("lifecycleRules") or []
    if not any((rule.get("action") or {}).get("type") == "Delete" for rule in rules):
        yield "no lifecycle rule deletes old objects"


def _own_log(bucket: Resource) -> Iterator[str]:
    target = (bucket.props.get("logging") or {}).get("logBucket")
    if target and target == bucket.props.get("name"):
        yield f"{target} writes its own access log into itself"


def _is_of_a_sandbox(resource: Resource) -> bool:
    """Whether it goes with all that it holds: its rows are clones of another stack's."""
    return settings_of(resource.urn).sandbox is not None


def _force_destroy(bucket: Resource) -> Iterator[str]:
    if bucket.props.get("forceDestroy") is True and not _is_of_a_sandbox(bucket):
        yield "forceDestroy deletes the objects with the bucket"


def _protected_table(table: Resource) -> Iterator[str]:
    props = table.props
    if props.get("view") or props.get("materializedView"):
        return
    if not settings_of(table.urn).protect_tables:
        return
    # The provider's default is true.
    if props.get("deletionProtection") is False:
        yield "deletionProtection is off"
    if not table.opts.protect:
        yield "the engine does not protect it"


def _protected_container(resource: Resource) -> Iterator[str]:
    if settings_of(resource.urn).protect_tables and not resource.opts.protect:
        yield "the engine does not protect it"


def _keeps_contents(dataset: Resource) -> Iterator[str]:
    if dataset.props.get("deleteContentsOnDestroy") is True and not _is_of_a_sandbox(dataset):
        yield "deleteContentsOnDestroy deletes the tables with the dataset"


def _time_travel(dataset: Resource) -> Iterator[str]:
    settings = settings_of(dataset.urn)
    if dataset.props.get("datasetId") != settings.dataset:
        return
    # The API's default is the most.
    text = dataset.props.get("maxTimeTravelHours") or _MOST_HOURS
    if int(text) < settings.retention.time_travel_hours:
        yield f"deleted rows can be restored for {text} hours only"


def _no_default_expiration(dataset: Resource) -> Iterator[str]:
    for key in ("defaultTableExpirationMs", "defaultPartitionExpirationMs"):
        if dataset.props.get(key) and not _is_of_a_sandbox(dataset):
            yield f"{key} deletes tables that set no lifetime themselves"


RULES = (
    Rule(
        id="bucket-not-public",
        title="A bucket cannot be opened to the public",
        references=("CIS 5.1", "CKV_GCP_28", "CKV_GCP_114"),
        url="https://cloud.google.com/storage/docs/public-access-prevention",
        fix='public_access_prevention="enforced"',
        severity=Severity.CRITICAL,
        on=(BUCKET,),
        check=_public_bucket,
    ),
    Rule(
        id="bucket-uniform-access",
        title="Access to a bucket is granted for the bucket as a whole",
        references=("CIS 5.2", "CKV_GCP_29"),
        url="https://cloud.google.com/storage/docs/uniform-bucket-level-access",
        fix="uniform_bucket_level_access=True",
        severity=Severity.HIGH,
        on=(BUCKET,),
        check=_uniform,
    ),
    Rule(
        id="bucket-recoverable",
        title="Objects deleted from a bucket can be restored",
        references=("CKV_GCP_78",),
        url="https://cloud.google.com/storage/docs/object-versioning",
        fix="turn versioning on or set a retention policy",
        severity=Severity.MEDIUM,
        on=(BUCKET,),
        check=_recoverable,
    ),
    Rule(
        id="bucket-retention-ends",
        title="Old objects of a bucket are deleted",
        url="https://cloud.google.com/storage/docs/lifecycle",
        fix="add a lifecycle rule with action Delete",
        severity=Severity.LOW,
        on=(BUCKET,),
        check=_ends,
    ),
    Rule(
        id="bucket-not-its-own-log",
        title="A bucket does not log into itself",
        references=("CKV_GCP_62", "CKV_GCP_63"),
        url="https://cloud.google.com/storage/docs/access-logs",
        fix="log into another bucket, or rely on the audit log (rule audit-log-complete)",
        severity=Severity.LOW,
        on=(BUCKET,),
        check=_own_log,
    ),
    Rule(
        id="bucket-keeps-objects",
        title="Deleting a bucket does not delete its objects",
        url="https://cloud.google.com/storage/docs/deleting-buckets",
        fix="remove force_destroy",
        severity=Severity.HIGH,
        on=(BUCKET,),
        check=_force_destroy,
    ),
    Rule(
        id="table-protected",
        title="Tables are protected twice, by the provider and by the engine",
        references=("CKV_GCP_121",),
        url="https://cloud.google.com/bigquery/docs/managing-tables#undelete_a_table",
        fix="deletion_protection=True and protect=True (bqstack.resources does)",
        severity=Severity.CRITICAL,
        on=(TABLE,),
        check=_protected_table,
    ),
    Rule(
        id="container-protected",
        title="Datasets and buckets are protected by the engine",
        references=("CKV_GCP_121",),
        url="https://www.pulumi.com/docs/iac/concepts/options/protect/",
        fix="protect=settings.protect_tables",
        severity=Severity.CRITICAL,
        on=(DATASET, BUCKET),
        check=_protected_container,
    ),
    Rule(
        id="dataset-keeps-tables",
        title="Deleting a dataset does not delete its tables",
        url="https://cloud.google.com/bigquery/docs/managing-datasets#delete-datasets",
        fix="delete_contents_on_destroy=False",
        severity=Severity.HIGH,
        on=(DATASET,),
        check=_keeps_contents,
    ),
    Rule(
        id="dataset-time-travel",
        title="Time travel of the stack's dataset reaches back as far as its settings ask",
        url="https://cloud.google.com/bigquery/docs/time-travel",
        fix="max_time_travel_hours from eros:retention",
        severity=Severity.MEDIUM,
        on=(DATASET,),
        check=_time_travel,
    ),
    Rule(
        id="dataset-no-default-expiration",
        title="Only a table's own file says when it expires",
        url="https://cloud.google.com/bigquery/docs/updating-datasets#table-expiration",
        fix="set the expiration in the table's DDL",
        severity=Severity.HIGH,
        on=(DATASET,),
        check=_no_default_expiration,
    ),
)
