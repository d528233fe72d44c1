"""What each API does beyond its schemas: one module per API or part of one."""

from __future__ import annotations

from ..call import Registry
from . import (
    alerting,
    channels,
    custom_roles,
    dashboards,
    log_config,
    log_entries,
    metric_descriptors,
    projects,
    pubsub,
    service_accounts,
    service_usage,
    storage,
    storage_objects,
    time_series,
    transfer_configs,
    transfer_runs,
)


def build_registry() -> Registry:
    """Every method that this server implements."""
    registry = Registry()
    for module in (
        alerting,
        channels,
        custom_roles,
        dashboards,
        log_config,
        log_entries,
        metric_descriptors,
        storage_objects,
        projects,
        pubsub,
        service_accounts,
        service_usage,
        storage,
        time_series,
        transfer_configs,
        transfer_runs,
    ):
        module.register(registry)
    return registry
