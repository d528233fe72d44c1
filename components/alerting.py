"""Alerting of Cloud Monitoring: the channels, the metric of rules that fire, the policies."""

from __future__ import annotations

from collections.abc import Iterable

import pulumi
import pulumi_gcp as gcp

from components import metric_gate
from components.identity import Identity
from components.schedules import Schedules
from eros.project import notices
from eros.project.alerts import Alerts, Rule, alert_policy
from eros.project.channels import Channel
from eros.project.figures import ALERT_METRIC, TYPE_PREFIX, VALUE_METRIC
from eros.project.settings import Settings

# An incident whose time series stops for good; the shortest is 30 minutes.
AUTO_CLOSE = "86400s"
# A notice is no trouble that lasts.
NOTICE_CLOSE = "1800s"


class Alerting(pulumi.ComponentResource):
    """From the rules of config/alerts.yaml to a person (docs/alerts.md)."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        channels: dict[str, Channel],
        alerts: Alerts,
        identity: Identity,
        schedules: Schedules,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("eros:alerting:Alerting", name, None, opts)
        self._settings = settings
        self._identity = identity
        self._schedules = schedules
        self.channels = {key: self._channel(key, channel) for key, channel in channels.items()}
        self._metric()
        self.metric = self._value_metric()
        self._signal = TYPE_PREFIX + settings.names.metric(VALUE_METRIC)
        self._metric_known = metric_gate.when_known(self.metric, self._signal, settings)
        self.policies = {}
        for rule in alerts.paging:
            reached = [key for key in rule.channels if key in self.channels]
            self.policies[rule.label] = self._policy(rule, reached)
            further = [key for key in rule.escalate_to if key in self.channels]
            if rule.escalate_after and further:
                key = f"{rule.label}-escalation"
                self.policies[key] = self._policy(rule, further, escalated=True)
        reached = [key for key in alerts.notice_channels if key in self.channels]
        # Without a channel nobody could be notified: `eros` says so instead (`eros.operations`).
        for phase in notices.PHASES if reached else ():
            self.policies[_notice_name(phase)] = self._notice_policy(phase, reached)
        self.names = {key: channel.name for key, channel in self.channels.items()}
        self.register_outputs({"notificationChannels": self.names})

    def _channel(self, key: str, channel: Channel) -> gcp.monitoring.NotificationChannel:
        needs: list[pulumi.Resource] = [self._identity.services["monitoring.googleapis.com"]]
        topic = self._topic(key, channel) if channel.type == "pubsub" else None
        if topic is not None:
            needs.append(topic)
        created = gcp.monitoring.NotificationChannel(
            key,
            project=self._settings.project,
            display_name=channel.title,
            type=channel.type,
            labels=channel.labels | _secrets(channel.secret_labels.items(), self._settings),
            sensitive_labels=gcp.monitoring.NotificationChannelSensitiveLabelsArgs(
                **_secrets(channel.sensitive_labels.items(), self._settings)
            )
            if channel.sensitive_labels
            else None,
            user_labels=self._settings.all_labels,
            opts=pulumi.ResourceOptions(parent=self, depends_on=needs),
        )
        if topic is not None:
            # Cloud Monitoring makes its agent with the project's first Pub/Sub channel.
            gcp.pubsub.TopicIAMMember(
                f"{key}-publisher",
                project=self._settings.project,
                topic=topic.name,
                role="roles/pubsub.publisher",
                member=self._identity.notification_agent,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[created]),
            )
        return created

    def _topic(self, key: str, channel: Channel) -> gcp.pubsub.Topic | None:
        """The topic of a channel, unless it belongs to another project."""
        own, _, name = channel.labels["topic"].partition("/topics/")
        if own != f"projects/{self._settings.project}":
            return None
        return gcp.pubsub.Topic(
            f"{key}-topic",
            project=self._settings.project,
            name=name,
            kms_key_name=self._settings.kms_key,
            labels=self._settings.all_labels,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[self._identity.services["pubsub.googleapis.com"]]
            ),
        )

    def _value_metric(self) -> gcp.logging.Metric:
        """Values of rules that fire: Logging extracts numbers into distributions only."""
        label = gcp.logging.MetricMetricDescriptorLabelArgs
        return gcp.logging.Metric(
            "alert-value",
            project=self._settings.project,
            name=self._settings.names.metric(VALUE_METRIC),
            description="Values of the alert rules that fire, by rule and stage",
            filter=alert_policy.signal_filter(self._settings.names),
            metric_descriptor=gcp.logging.MetricMetricDescriptorArgs(
                metric_kind="DELTA",
                value_type="DISTRIBUTION",
                unit="1",
                display_name="Values of alert rules that fire",
                labels=[label(key=key, value_type="STRING") for key in alert_policy.SIGNAL_LABELS],
            ),
            label_extractors=alert_policy.SIGNAL_LABELS,
            value_extractor=alert_policy.SIGNAL_VALUE,
            bucket_options=gcp.logging.MetricBucketOptionsArgs(
                exponential_buckets=gcp.logging.MetricBucketOptionsExponentialBucketsArgs(
                    num_finite_buckets=64, growth_factor=2, scale=0.01
                )
            ),
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[self._identity.services["logging.googleapis.com"]]
            ),
        )

    def _metric(self) -> gcp.logging.Metric:
        label = gcp.logging.MetricMetricDescriptorLabelArgs
        return gcp.logging.Metric(
            "alert-firing",
            project=self._settings.project,
            name=self._settings.names.metric(ALERT_METRIC),
            description="Evaluations in which an alert rule fired, by rule and stage",
            filter=alert_policy.signal_filter(self._settings.names),
            metric_descriptor=gcp.logging.MetricMetricDescriptorArgs(
                metric_kind="DELTA",
                value_type="INT64",
                unit="1",
                display_name="Alert rules that fire",
                labels=[label(key=key, value_type="STRING") for key in alert_policy.SIGNAL_LABELS],
            ),
            label_extractors=alert_policy.SIGNAL_LABELS,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[self._identity.services["logging.googleapis.com"]]
            ),
        )

    def _policy(
        self, rule: Rule, channels: list[str], escalated: bool = False
    ) -> gcp.monitoring.AlertPolicy:
        settings = self._settings
        names = [self.channels[key].id for key in channels]
        link = alert_policy.runbook_link(settings.runbook, rule)
        strategy = gcp.monitoring.AlertPolicyAlertStrategyNotificationChannelStrategyArgs
        pause_hours = settings.thresholds.pause_warning_hours if settings.schedules_paused else 0
        return gcp.monitoring.AlertPolicy(
            f"{rule.label}-escalation" if escalated else rule.label,
            project=settings.project,
            display_name=settings.names.title(
                f"EROS {rule.id} {rule.title}{' (escalated)' if escalated else ''}"
            ),
            severity=rule.severity,
            combiner="OR",
            # Nothing runs in a stack whose schedules are paused, so nothing can be missed, but for
            # the end of a pause that was to be short.
            enabled=not pause_hours or alert_policy.watches_pause(rule, pause_hours),
            conditions=[
                self._condition(condition)
                for condition in alert_policy.conditions(
                    rule,
                    self._schedules.entries,
                    escalated,
                    pause_hours * 60 if alert_policy.watches_pause(rule, pause_hours) else 0,
                    settings.names,
                )
            ],
            documentation=gcp.monitoring.AlertPolicyDocumentationArgs(
                subject=alert_policy.subject(rule, settings.stack, escalated),
                content=alert_policy.documentation(rule, settings.runbook, settings.stack),
                mime_type="text/markdown",
                links=[
                    gcp.monitoring.AlertPolicyDocumentationLinkArgs(
                        display_name="Runbook", url=link
                    )
                ]
                if link.startswith("https://")
                else None,
            ),
            notification_channels=names,
            alert_strategy=gcp.monitoring.AlertPolicyAlertStrategyArgs(
                auto_close=AUTO_CLOSE,
                notification_prompts=["OPENED", "CLOSED"],
                notification_channel_strategies=[
                    strategy(
                        notification_channel_names=names,
                        renotify_interval=f"{rule.repeat_every * 60}s",
                    )
                ]
                if names and rule.repeat_every
                else None,
            ),
            user_labels=settings.all_labels
            | {
                "component": "alerting",
                "rule": rule.label,
                "priority": rule.priority.lower(),
            },
            # A policy over a metric that is not there is refused.
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[self.metric, self._identity.services["monitoring.googleapis.com"]],
            ),
        )

    def _notice_policy(self, phase: str, channels: list[str]) -> gcp.monitoring.AlertPolicy:
        """What sends the notices of `eros` (`eros.project.notices`)."""
        settings = self._settings
        rate = gcp.monitoring.AlertPolicyAlertStrategyNotificationRateLimitArgs
        title = notices.PHASES[phase]
        return gcp.monitoring.AlertPolicy(
            _notice_name(phase),
            project=settings.project,
            display_name=settings.names.title(f"EROS notice: {title}"),
            severity="WARNING",
            combiner="OR",
            conditions=[
                gcp.monitoring.AlertPolicyConditionArgs(
                    display_name=title,
                    condition_matched_log=gcp.monitoring.AlertPolicyConditionConditionMatchedLogArgs(
                        filter=notices.entry_filter(phase, settings.dataset),
                        label_extractors=notices.extractors(),
                    ),
                )
            ],
            documentation=gcp.monitoring.AlertPolicyDocumentationArgs(
                subject=notices.subject(),
                content=notices.documentation(phase, settings.runbook),
                mime_type="text/markdown",
            ),
            notification_channels=[self.channels[key].id for key in channels],
            alert_strategy=gcp.monitoring.AlertPolicyAlertStrategyArgs(
                auto_close=NOTICE_CLOSE,
                notification_rate_limit=rate(period=f"{notices.RATE_SECONDS}s"),
            ),
            user_labels=settings.all_labels | {"component": "alerting", "notice": phase},
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[
                    self._identity.services["monitoring.googleapis.com"],
                    self._identity.services["logging.googleapis.com"],
                ],
            ),
        )

    def _condition(
        self, condition: alert_policy.Condition
    ) -> gcp.monitoring.AlertPolicyConditionArgs:
        aggregation = gcp.monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(
            alignment_period=f"{condition.window * 60}s",
            per_series_aligner=condition.aligner,
            cross_series_reducer=condition.reducer,
        )
        return gcp.monitoring.AlertPolicyConditionArgs(
            display_name=condition.title,
            condition_threshold=gcp.monitoring.AlertPolicyConditionConditionThresholdArgs(
                filter=self._filter(condition),
                comparison="COMPARISON_LT" if condition.is_below else "COMPARISON_GT",
                threshold_value=condition.limit,
                duration=f"{condition.hold * 60}s",
                aggregations=[aggregation],
                evaluation_missing_data=condition.missing_data,
            ),
        )

    def _filter(self, condition: alert_policy.Condition) -> pulumi.Input[str]:
        """The filter, once its metric is known, with the ids that the service gives out."""
        if self._signal in condition.filter:
            return self._metric_known.apply(lambda _: condition.filter)
        if not condition.configs:
            return condition.filter
        names = [self._schedules.configs[key].id for key in condition.configs]
        return pulumi.Output.all(*names).apply(
            lambda found: alert_policy.of_configs(condition.filter, found)
        )


def _notice_name(phase: str) -> str:
    return f"notice-{phase.replace('_', '-')}"


def _secrets(
    labels: Iterable[tuple[str, str]], settings: Settings
) -> dict[str, pulumi.Output[str]]:
    """Labels with the secrets that they name; they stay secret in the state."""
    return {
        label: pulumi.Output.secret(settings.secrets[name].get_secret_value())
        for label, name in labels
    }
