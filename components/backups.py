"""The bucket for exports of the master tables."""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from components.identity import Identity
from eros.settings import Settings


class Backups(pulumi.ComponentResource):
    """Second copies outside BigQuery (spec operations.md 4, conflicts.md C-02, C-60)."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        identity: Identity,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("eros:backups:Backups", name, None, opts)
        self.bucket = gcp.storage.Bucket(
            "bucket",
            project=settings.project,
            name=settings.backup.bucket,
            location=settings.location,
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            versioning=gcp.storage.BucketVersioningArgs(enabled=True),
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
        gcp.storage.BucketIAMMember(
            "runner-object-creator",
            bucket=self.bucket.name,
            role="roles/storage.objectCreator",
            member=identity.runner_member,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"bucket": self.bucket.name})
