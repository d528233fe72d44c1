"""Log-based metrics that a rollback recreates, before the policies over them."""

from __future__ import annotations

import time
from collections.abc import Callable

import pulumi

from bqstack.errors import UserError
from bqstack.state import Checkpoint, Resource
from eros.cloud.google import Google
from eros.cloud.readiness import LONGEST_SECONDS, PAUSE_SECONDS, question
from eros.project.figures import TYPE_PREFIX
from gcptypes.records import ALERT, LOG_METRIC


def waiter(
    google: Google,
    checkpoint: Checkpoint,
    progress: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Callable[[Resource], None]:
    """A function that returns once Cloud Monitoring knows a metric that a policy needs.

    It raises RunError after LONGEST_SECONDS. Without permission it warns and goes on.
    """
    needed = {urn for r in checkpoint.resources if r.type == ALERT for urn in _needs(r)}

    def wait(resource: Resource) -> None:
        if resource.type != LOG_METRIC or resource.urn not in needed:
            return
        metric_type = TYPE_PREFIX + resource.inputs["name"]
        waited = 0
        try:
            ask = question(google, metric_type)
            while reason := ask():
                if waited >= LONGEST_SECONDS:
                    raise pulumi.RunError(
                        f"Cloud Monitoring does not know {metric_type} after"
                        f" {LONGEST_SECONDS // 60} minutes ({reason})"
                    )
                if not waited:
                    progress(
                        f"waiting until Cloud Monitoring knows {metric_type}:"
                        f" {LONGEST_SECONDS // 60} minutes at most"
                    )
                sleep(PAUSE_SECONDS)
                waited += PAUSE_SECONDS
        except UserError as error:
            progress(f"{error.message}; a policy over a metric made just now may be refused")

    return wait


def _needs(policy: Resource) -> set[str]:
    return {*policy.dependencies, *(u for us in policy.property_dependencies.values() for u in us)}
