"""The whole system: every room, in the order in which one needs another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from bqstack import analysis, catalogue
from bqstack.analysis import show
from bqstack.errors import UserError
from components import provider
from components.alerting import Alerting
from components.backups import Backups
from components.dashboards import Dashboards
from components.identity import Identity
from components.metrics import Metrics
from components.objects import Objects
from components.schedules import Schedules
from components.warehouse import Warehouse
from eros.project import alerts, channels, dashboards, schedules
from eros.project import figures as metrics
from eros.project.alerts.checks import check as check_alerts
from eros.project.settings import PROJECT_ROOT, Settings


@dataclass(frozen=True)
class Files:
    """All files that the system is made from, checked."""

    sql: catalogue.Catalogue
    schedules: list[schedules.TransferConfig]
    channels: dict[str, channels.Channel]
    alerts: alerts.Alerts
    metrics: dict[str, metrics.Source]
    dashboards: dict[str, dict]


def read(settings: Settings) -> Files:
    """Read and check all files, so that a mistake in any leaves the stack untouched."""
    sql = catalogue.load(settings)
    _refuse_mistakes(analysis.quick(sql, settings))
    configs = schedules.transfer_configs(settings)
    schedules.check_calls(configs, sql, settings)
    figures = metrics.load(PROJECT_ROOT)
    metrics.check_sources(figures, sql)
    rules = settings.template_context()["alerts"]
    check_alerts(rules, settings.runbook, configs, channels.names())
    return Files(
        sql=sql,
        schedules=configs,
        channels=channels.load(settings),
        alerts=rules,
        metrics=figures,
        dashboards=dashboards.load(settings),
    )


class System(pulumi.ComponentResource):
    """EROS on one project, from `files` that are already read or, without them, from all."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        files: Files | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        files = files or read(settings)
        google = provider.declare(settings)
        number = provider.project_number(settings, google)
        super().__init__("eros:system:System", name, None, _with_provider(opts, google))

        child = pulumi.ResourceOptions(parent=self)
        identity = Identity("identity", settings, number, child)
        warehouse = Warehouse("warehouse", settings, identity, child)
        objects = Objects("objects", settings, files.sql, warehouse, child)
        scheduled = Schedules(
            "schedules", settings, files.schedules, identity, warehouse, objects, child
        )
        alerting = Alerting(
            "alerting", settings, files.channels, files.alerts, identity, scheduled, child
        )
        Metrics("metrics", settings, files.metrics, identity, child)
        boards = Dashboards("dashboards", settings, files.dashboards, identity, child)
        backups = Backups("backups", settings, identity, warehouse, child)

        self.exports: dict[str, Any] = {
            "dataset": warehouse.dataset.id,
            "runner": identity.runner.email,
            "transferConfigs": scheduled.names,
            "notificationChannels": alerting.names,
            "dashboards": boards.names,
            "backupDataset": backups.dataset.id,
            "backupBucket": backups.bucket.name,
        }
        self.register_outputs(self.exports)


def _refuse_mistakes(report: analysis.Report) -> None:
    """Stop at what the cheap part of `eros validate` finds in the SQL."""
    if not report.ok:
        raise UserError(f"the SQL has mistakes\n{show.text(report)}", fix="eros validate")


def _with_provider(
    opts: pulumi.ResourceOptions | None, google: gcp.Provider
) -> pulumi.ResourceOptions:
    own = pulumi.ResourceOptions(providers=[google])
    return pulumi.ResourceOptions.merge(opts, own)
