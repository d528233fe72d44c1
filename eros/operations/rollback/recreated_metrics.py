"""Log-based metrics that a rollback recreates, before the policies over them."""

from __future__ import annotations

import time
from collections.abc import Callable

from bqstack.errors import UserError
from bqstack.state import Checkpoint, Resource
from eros.cloud.google import Google
from eros.cloud.readiness import pauses, question
from eros.project.figures import TYPE_PREFIX
from gcptypes.records import ALERT, LOG_METRIC


def waiter(
    google: Google,
    checkpoint: Checkpoint,
    progress: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Callable[[Resource], None]:
    """A function that returns once Cloud Monitoring knows a metric that a policy needs.

    It raises RunError after ten minutes. Without permission it warns and goes on.
    """
    needed = {urn for r in checkpoint.resources if r.type == ALERT for urn in _needs(r)}

    def wait(resource: Resource) -> None:
        if resource.type != LOG_METRIC or resource.urn not in needed:
            return
        metric_type = TYPE_PREFIX + resource.inputs["name"]
        try:
            for pause in pauses(question(google, metric_type), metric_type, progress):
                sleep(pause)
        except UserError as error:
            progress(f"{error.message}; a policy over a new metric may be refused")

    return wait


def _needs(policy: Resource) -> set[str]:
    return {*policy.dependencies, *(u for us in policy.property_dependencies.values() for u in us)}
