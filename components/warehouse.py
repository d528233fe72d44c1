"""The dataset and who may use it.

Access is additive only: grants that exist on the live dataset stay (docs/requirements.md C-11).
"""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from components.identity import Identity
from eros.project.settings import Settings


class Warehouse(pulumi.ComponentResource):
    """Dataset of the system with its grants (docs/requirements.md#schema-and-routines)."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        identity: Identity,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("eros:warehouse:Warehouse", name, None, opts)
        encryption = None
        if settings.kms_key:
            encryption = gcp.bigquery.DatasetDefaultEncryptionConfigurationArgs(
                kms_key_name=settings.kms_key
            )
        self.dataset = gcp.bigquery.Dataset(
            "dataset",
            project=settings.project,
            dataset_id=settings.dataset,
            location=settings.location,
            description="EROS: captions, their statistics, schedules and health",
            labels=settings.dataset_labels,
            max_time_travel_hours=str(settings.retention.time_travel_hours),
            default_encryption_configuration=encryption,
            default_table_expiration_ms=settings.table_lifetime_ms,
            # What people make in a sandbox goes with it.
            delete_contents_on_destroy=settings.sandbox is not None,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=settings.protect_tables,
                depends_on=[identity.services["bigquery.googleapis.com"]],
            ),
        )
        self.runner_access = self._grant(
            "runner", "roles/bigquery.dataEditor", identity.runner_member
        )
        for member in settings.access.readers:
            self._grant(f"reader-{member}", "roles/bigquery.dataViewer", member)
        for member in settings.access.writers:
            self._grant(f"writer-{member}", "roles/bigquery.dataEditor", member)
        for member in settings.access.builders:
            self._grant(f"builder-{member}", "roles/bigquery.dataEditor", member)
            # Its calls are jobs, and jobs are a project's.
            gcp.projects.IAMMember(
                f"builder-jobs-{member}",
                project=settings.project,
                role="roles/bigquery.jobUser",
                member=member,
                opts=pulumi.ResourceOptions(parent=self),
            )
        for member in settings.access.sandbox_owners:
            self._grant(f"sandbox-owner-{member}", "roles/bigquery.dataViewer", member)
        self.register_outputs({"dataset": self.dataset.id})

    def _grant(
        self, name: str, role: str, member: pulumi.Input[str]
    ) -> gcp.bigquery.DatasetIamMember:
        return gcp.bigquery.DatasetIamMember(
            f"dataset-{name}",
            project=self.dataset.project,
            dataset_id=self.dataset.dataset_id,
            role=role,
            member=member,
            opts=pulumi.ResourceOptions(parent=self),
        )
