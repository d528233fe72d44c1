"""Customer-managed keys, on stacks that name one (`eros:kmsKey`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pulumi_policy import Severity

from bqstack.policy.rule import Member, Resource, Rule, known, of_type
from gcptypes import TYPES
from gcptypes.records import BUCKET, DATASET, TABLE, TOPIC
from policy.stack import settings_of


def _key_of(resource: Resource) -> str | None:
    """The key that a resource names."""
    key: str | None = known(resource.props, *TYPES[resource.resource_type].kms_key.split("."))
    return key


def _key(resource: Resource) -> Iterator[str]:
    wanted = settings_of(resource.urn).kms_key
    found = _key_of(resource)
    if wanted and found != wanted:
        yield f"the key is {found or "Google's own"}, the stack's is {wanted}"


def _table_keys(resources: Sequence[Member]) -> Iterator[tuple[str, str | None]]:
    """A table takes its own key, or that of its dataset at the moment it is created."""
    datasets = {
        known(dataset.props, "datasetId"): _key_of(dataset)
        for dataset in of_type(resources, DATASET)
    }
    for table in of_type(resources, TABLE):
        if not settings_of(table.urn).kms_key or known(table.props, "view"):
            continue
        own = _key_of(table)
        if not own and not datasets.get(known(table.props, "datasetId")):
            yield "neither the table nor its dataset names a key", table.urn


RULES = (
    Rule(
        id="dataset-key",
        title="A dataset encrypts its tables with the stack's key",
        references=("CIS 7.3", "CKV_GCP_81"),
        url="https://cloud.google.com/bigquery/docs/customer-managed-encryption",
        fix="default_encryption_configuration with settings.kms_key",
        severity=Severity.HIGH,
        on=(DATASET,),
        check=_key,
    ),
    Rule(
        id="table-key",
        title="A table is encrypted with the stack's key",
        references=("CIS 7.2", "CKV_GCP_80"),
        url="https://cloud.google.com/bigquery/docs/customer-managed-encryption#change_to_kms",
        fix="give its dataset the key before the table is created; copy an older table",
        severity=Severity.HIGH,
        stack_check=_table_keys,
    ),
    Rule(
        id="bucket-key",
        title="A bucket encrypts with the stack's key",
        url="https://cloud.google.com/storage/docs/encryption/customer-managed-keys",
        fix="encryption with settings.kms_key",
        severity=Severity.HIGH,
        on=(BUCKET,),
        check=_key,
    ),
    Rule(
        id="topic-key",
        title="A topic encrypts with the stack's key",
        references=("CKV_GCP_83",),
        url="https://cloud.google.com/pubsub/docs/encryption",
        fix="kms_key_name=settings.kms_key",
        severity=Severity.HIGH,
        on=(TOPIC,),
        check=_key,
    ),
)
