"""Waiting for what Google has made and does not find yet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

from bqstack.errors import UserError
from eros.cloud.readiness import pauses, question
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
    fix = "run the update again; it continues with the alert policies"
    try:
        # The program's other resources go on meanwhile: nothing here may hold the event loop.
        ask = await asyncio.to_thread(make)
        waiting = pauses(ask, metric_type, pulumi.log.info, fix)
        while (pause := await asyncio.to_thread(next, waiting, None)) is not None:
            await sleep(pause)
    except UserError as error:
        pulumi.log.warn(f"{error.message}; a policy over a new metric may be refused")
    return metric_type
