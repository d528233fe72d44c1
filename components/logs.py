"""Log buckets that keep what `eros` records, and the sinks that fill them (docs/logs.md).

Left out: an exclusion in the project's `_Default` sink. Entries are there, too, for 30 days, as
those of before the first deployment are; Google charges storage beyond 50 GiB a month only.
"""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from components.identity import Identity
from eros.project import log_buckets
from eros.project.settings import Settings


class Logs(pulumi.ComponentResource):
    """One bucket for a retention: application and timings, audit and deployments."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        identity: Identity,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("eros:logs:Logs", name, None, opts)
        self._settings = settings
        enabled = [identity.services["logging.googleapis.com"]]
        self.buckets = {key: self._bucket(key, enabled) for key in log_buckets.STREAMS}
        for key, bucket in self.buckets.items():
            self._sink(key, bucket)
        self.names = {key: bucket.id for key, bucket in self.buckets.items()}
        self.register_outputs({"buckets": self.names})

    def _bucket(
        self, key: str, enabled: list[gcp.projects.Service]
    ) -> gcp.logging.ProjectBucketConfig:
        settings = self._settings
        streams = " and ".join(log_buckets.STREAMS[key])
        return gcp.logging.ProjectBucketConfig(
            f"{key}-logs",
            project=settings.project,
            location=log_buckets.LOCATION,
            bucket_id=log_buckets.bucket_id(settings, key),
            description=f"Records of the command eros: {streams}",
            retention_days=log_buckets.retention_days(settings, key),
            # Not False: the API leaves it out, and every preview would show it.
            locked=True if key == "audit" and settings.logs.lock_audit else None,
            opts=pulumi.ResourceOptions(
                parent=self, protect=settings.protect_tables, depends_on=enabled
            ),
        )

    def _sink(self, key: str, bucket: gcp.logging.ProjectBucketConfig) -> None:
        settings = self._settings
        gcp.logging.ProjectSink(
            f"{key}-logs",
            project=settings.project,
            name=log_buckets.bucket_id(settings, key),
            description="What the log bucket of the same name keeps",
            destination=pulumi.Output.concat("logging.googleapis.com/", bucket.id),
            filter=log_buckets.sink_filter(settings, key),
            opts=pulumi.ResourceOptions(parent=self),
        )
