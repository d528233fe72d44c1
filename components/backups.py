"""Where backups are kept: a dataset for table snapshots, a bucket for exports."""

from __future__ import annotations

import json

import pulumi
import pulumi_gcp as gcp

from bqstack.resources import KEY_OF_DATASET
from components.identity import Identity
from components.warehouse import Warehouse
from eros.operations.backup.ledger_tables import TABLES
from eros.project.settings import Settings

# The least that BigQuery offers: snapshots are never changed, so there is nothing to travel to.
_TIME_TRAVEL_HOURS = 48
# An object admin may not read the bucket itself, which `eros backup` looks at first.
_BUCKET_ROLES = {
    "bucket": "roles/storage.objectAdmin",
    "bucket-reader": "roles/storage.legacyBucketReader",
}
# Jobs, the dataset of a verification or of a restore from an export (who makes a dataset owns
# it), and whether scheduled queries run; and the records of what was done. The narrowest roles of
# Google's that hold them.
_PROJECT_ROLES = {"project": "roles/bigquery.user", "log-writer": "roles/logging.logWriter"}


class Backups(pulumi.ComponentResource):
    """Snapshots, their records, and second copies (docs/requirements.md C-02).

    The dataset has no default expiration: each snapshot has its own, and the records have none.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        identity: Identity,
        warehouse: Warehouse,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("eros:backups:Backups", name, None, opts)
        self._settings = settings
        self.dataset = self._dataset(identity)
        for table, (description, schema) in TABLES.items():
            self._table(table, description, schema)
        self.bucket = self._bucket(identity)
        for member in settings.backup.operators:
            self._grant(member, warehouse.dataset)
        self.register_outputs({"dataset": self.dataset.id, "bucket": self.bucket.name})

    def _dataset(self, identity: Identity) -> gcp.bigquery.Dataset:
        settings = self._settings
        encryption = None
        if settings.kms_key:
            encryption = gcp.bigquery.DatasetDefaultEncryptionConfigurationArgs(
                kms_key_name=settings.kms_key
            )
        return gcp.bigquery.Dataset(
            "backup-dataset",
            project=settings.project,
            dataset_id=settings.backup.dataset,
            location=settings.location,
            description=f"Table snapshots of {settings.dataset}, made by `eros backup`",
            labels=settings.dataset_labels,
            max_time_travel_hours=str(_TIME_TRAVEL_HOURS),
            default_encryption_configuration=encryption,
            delete_contents_on_destroy=settings.sandbox is not None,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=settings.protect_tables,
                depends_on=[identity.services["bigquery.googleapis.com"]],
            ),
        )

    def _table(self, name: str, description: str, schema: list[dict[str, str]]) -> None:
        settings = self._settings
        gcp.bigquery.Table(
            name,
            project=settings.project,
            dataset_id=self.dataset.dataset_id,
            table_id=name,
            description=description,
            schema=json.dumps(schema),
            labels=settings.all_labels,
            deletion_protection=settings.protect_tables,
            opts=pulumi.ResourceOptions(
                parent=self, protect=settings.protect_tables, ignore_changes=KEY_OF_DATASET
            ),
        )

    def _bucket(self, identity: Identity) -> gcp.storage.Bucket:
        settings = self._settings
        return gcp.storage.Bucket(
            "bucket",
            project=settings.project,
            name=settings.backup.bucket,
            location=settings.location,
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            force_destroy=True if settings.sandbox else None,
            versioning=gcp.storage.BucketVersioningArgs(enabled=True),
            # `eros backup prune` deletes by kind of backup; this is what nobody pruned.
            lifecycle_rules=[
                gcp.storage.BucketLifecycleRuleArgs(
                    action=gcp.storage.BucketLifecycleRuleActionArgs(type="Delete"),
                    condition=gcp.storage.BucketLifecycleRuleConditionArgs(
                        age=settings.backup.deployment_retention_days
                    ),
                )
            ],
            encryption=(
                gcp.storage.BucketEncryptionArgs(default_kms_key_name=settings.kms_key)
                if settings.kms_key
                else None
            ),
            labels=settings.all_labels,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=settings.protect_tables,
                depends_on=[identity.services["storage.googleapis.com"]],
            ),
        )

    def _grant(self, member: str, warehouse: gcp.bigquery.Dataset) -> None:
        """Owner of the data, here and there: a snapshot that ends needs the right to delete."""
        child = pulumi.ResourceOptions(parent=self)
        for name, dataset in (("backup", self.dataset), ("warehouse", warehouse)):
            gcp.bigquery.DatasetIamMember(
                f"{name}-operator-{member}",
                project=dataset.project,
                dataset_id=dataset.dataset_id,
                role="roles/bigquery.dataOwner",
                member=member,
                opts=child,
            )
        for name, role in _BUCKET_ROLES.items():
            gcp.storage.BucketIAMMember(
                f"{name}-operator-{member}",
                bucket=self.bucket.name,
                role=role,
                member=member,
                opts=child,
            )
        for name, role in _PROJECT_ROLES.items():
            gcp.projects.IAMMember(
                f"{name}-operator-{member}",
                project=self._settings.project,
                role=role,
                member=member,
                opts=child,
            )
