"""Waiting for what Google has made and does not find yet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

from bqstack.errors import UserError
from eros.cloud.readiness import LONGEST_SECONDS, PAUSE_SECONDS, question
from eros.project.settings import Settings


def when_known(
    metric: pulumi.CustomResource, metric_type: str, settings: Settings
) -> pulumi.Output[str]:
    """Resolves once Cloud Monitoring knows the type of a log-based metric.

    At once in a preview and without an engine, where nothing is made.
    """
    if pulumi.runtime.is_dry_run() or isinstance(get_monitor(), MockMonitor):
        return pulumi.Output.from_input(metric_type)
    return metric.id.apply(lambda _: until_known(metric_type, lambda: asker(settings, metric_type)))


def asker(settings: Settings, metric_type: str) -> Callable[[], str]:
    """The question of `eros.cloud.readiness`; raises UserError without credentials."""
    # A preview waits for nothing and does without Google's clients.
    from eros.cloud.google import Google

    return question(Google(settings), metric_type)


async def until_known(
    metric_type: str,
    make: Callable[[], Callable[[], str]],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> str:
    """Ask until the metric is known; raises RunError after LONGEST_SECONDS.

    Who may not ask goes on with a warning: most metrics were there before.
    """
    waited = 0
    try:
        # The program's other resources go on meanwhile: nothing here may hold the event loop.
        ask = await asyncio.to_thread(make)
        while reason := await asyncio.to_thread(ask):
            if waited >= LONGEST_SECONDS:
                raise pulumi.RunError(
                    f"Cloud Monitoring does not know {metric_type} after"
                    f" {LONGEST_SECONDS // 60} minutes ({reason})\n"
                    "  fix: run the update again, it goes on with the alert policies"
                )
            if not waited:
                pulumi.log.info(
                    f"waiting until Cloud Monitoring knows {metric_type}, made just now:"
                    f" {LONGEST_SECONDS // 60} minutes at most"
                )
            await sleep(PAUSE_SECONDS)
            waited += PAUSE_SECONDS
    except UserError as error:
        pulumi.log.warn(f"{error.message}; a policy over a metric made just now may be refused")
    else:
        if waited:
            pulumi.log.info(f"Cloud Monitoring knows {metric_type} after {waited} s")
    return metric_type
