"""Waiting for what Google has made and does not find yet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pulumi
from google.auth.exceptions import GoogleAuthError, TransportError
from googleapiclient.errors import HttpError
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

from eros.errors import UserError
from eros.google import FAILURES, Google, explained
from eros.settings import Settings

# A new metric "could take up to 10 minutes to become available", and until then Cloud
# Monitoring answers 404 to every policy over it; the plugin does not try again.
LONGEST_SECONDS = 600
PAUSE_SECONDS = 10
_NOT_FOUND = 404
_TOO_MANY = 429
_SERVER_ERROR = 500


def when_known(
    metric: pulumi.CustomResource, metric_type: str, settings: Settings
) -> pulumi.Output:
    """Resolves once Cloud Monitoring knows the type of a log-based metric.

    At once in a preview and without an engine, where nothing is made.
    """
    if pulumi.runtime.is_dry_run() or isinstance(get_monitor(), MockMonitor):
        return pulumi.Output.from_input(metric_type)
    return metric.id.apply(lambda _: until_known(metric_type, lambda: asker(settings, metric_type)))


def asker(settings: Settings, metric_type: str) -> Callable[[], str]:
    """A question to Cloud Monitoring whose answer is why a metric is not known, or empty.

    Raises UserError without credentials, and the question for a refusal that waiting does not
    end.
    """
    descriptors = Google(settings).api("monitoring").projects().metricDescriptors()
    request = descriptors.get(name=f"projects/{settings.project}/metricDescriptors/{metric_type}")

    def ask() -> str:
        try:
            request.execute()
        except (*FAILURES, OSError) as error:
            if _lasts(error):
                raise UserError(
                    f"Cloud Monitoring cannot be asked for {metric_type}: {explained(error)}"
                ) from None
            return explained(error)
        return ""

    return ask


def _lasts(error: Exception) -> bool:
    """Whether an error is there for good: refused, not "not yet" and no passing fault."""
    if isinstance(error, HttpError):
        status = error.status_code
        return status not in (_NOT_FOUND, _TOO_MANY) and status < _SERVER_ERROR
    return isinstance(error, GoogleAuthError) and not isinstance(error, TransportError)


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
