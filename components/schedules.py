"""Scheduled queries as Data Transfer configs.

No destination dataset and no write disposition: the API refuses them for scripts.
"""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from components.identity import Identity
from components.objects import Objects
from components.warehouse import Warehouse
from eros.project.schedules import TransferConfig
from eros.project.settings import Settings


class Schedules(pulumi.ComponentResource):
    """Transfer configs and the topic that their runs are announced on (docs/requirements.md)."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        configs: list[TransferConfig],
        identity: Identity,
        warehouse: Warehouse,
        objects: Objects,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("eros:automation:Schedules", name, None, opts)
        self.topic = gcp.pubsub.Topic(
            "transfer-runs",
            project=settings.project,
            name=settings.names.topic("eros-transfer-runs"),
            kms_key_name=settings.kms_key,
            labels=settings.all_labels,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[identity.services["pubsub.googleapis.com"]]
            ),
        )
        publisher = gcp.pubsub.TopicIAMMember(
            "transfer-agent-publisher",
            project=settings.project,
            topic=self.topic.name,
            role="roles/pubsub.publisher",
            member=identity.transfer_agent,
            opts=pulumi.ResourceOptions(parent=self, depends_on=identity.transfer_agent_ready),
        )
        # A config that exists before its grants fails its first run, and one that exists
        # before its routine fails until the next.
        needs = [
            *identity.runner_grants,
            warehouse.runner_access,
            publisher,
            *objects.resources.values(),
        ]
        self.entries = configs
        self.configs = {
            config.key: gcp.bigquery.DataTransferConfig(
                config.key,
                project=settings.project,
                location=settings.location,
                display_name=config.title,
                data_source_id="scheduled_query",
                schedule=config.schedule,
                params={"query": config.query},
                service_account_name=identity.runner.email,
                notification_pubsub_topic=self.topic.id,
                disabled=settings.schedules_paused,
                # `location` replaces the config; created first, two schedules would run.
                opts=pulumi.ResourceOptions(
                    parent=self, depends_on=needs, delete_before_replace=True
                ),
            )
            for config in configs
        }
        self.names = {key: config.name for key, config in self.configs.items()}
        self.register_outputs({"transferConfigs": self.names})
