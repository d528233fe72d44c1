"""Notification channels of Cloud Monitoring."""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from components.identity import Identity
from eros.channels import Channel
from eros.settings import Settings


class Alerting(pulumi.ComponentResource):
    """Where alerts are delivered (spec monitoring.md 7.3)."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        channels: dict[str, Channel],
        identity: Identity,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("eros:alerting:Alerting", name, None, opts)
        self.channels = {
            key: gcp.monitoring.NotificationChannel(
                key,
                project=settings.project,
                display_name=channel.title,
                type=channel.type,
                labels=channel.labels,
                sensitive_labels=_secrets(channel, settings),
                user_labels=settings.all_labels,
                opts=pulumi.ResourceOptions(
                    parent=self, depends_on=[identity.services["monitoring.googleapis.com"]]
                ),
            )
            for key, channel in channels.items()
        }
        self.names = {key: channel.name for key, channel in self.channels.items()}
        self.register_outputs({"notificationChannels": self.names})


def _secrets(
    channel: Channel, settings: Settings
) -> gcp.monitoring.NotificationChannelSensitiveLabelsArgs | None:
    """Secrets of a channel; they stay secret in the state and come back masked."""
    if channel.type != "slack":
        return None
    token = pulumi.Output.secret(settings.slack_token)
    return gcp.monitoring.NotificationChannelSensitiveLabelsArgs(auth_token=token)
