"""Whether Cloud Monitoring knows a log-based metric yet.

A new metric "could take up to 10 minutes to become available", and until then Cloud Monitoring
answers 404 to every policy over it; the plugin does not try again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pulumi

from bqstack.errors import UserError

if TYPE_CHECKING:
    from eros.cloud.google import Google

LONGEST_SECONDS = 600
PAUSE_SECONDS = 10
_NOT_FOUND = 404
_TOO_MANY = 429
_SERVER_ERROR = 500


def question(google: Google, metric_type: str) -> Callable[[], str]:
    """A question to Cloud Monitoring whose answer is why a metric is not known, or empty.

    Raises UserError without credentials, and the question for a refusal that waiting does not
    end.
    """
    # Google's clients take long to load, and the program imports this in every preview.
    from bqstack.failures import FAILURES, explained

    descriptors = google.api("monitoring").projects().metricDescriptors()
    project = google.settings.project
    request = descriptors.get(name=f"projects/{project}/metricDescriptors/{metric_type}")

    def ask() -> str:
        try:
            request.execute()
        except (*FAILURES, OSError) as error:
            if _lasts(error):
                raise UserError(
                    f"Cloud Monitoring cannot be asked about {metric_type}: {explained(error)}"
                ) from None
            return explained(error)
        return ""

    return ask


def pauses(
    ask: Callable[[], str], metric_type: str, say: Callable[[str], object], fix: str = ""
) -> Iterator[int]:
    """Seconds to sleep before each further question, until the metric is known.

    `ask` is a `question`; `say` is given what a person reads meanwhile. Raises what `ask` raises,
    and RunError after LONGEST_SECONDS.
    """
    minutes, waited = LONGEST_SECONDS // 60, 0
    while reason := ask():
        if waited >= LONGEST_SECONDS:
            raise pulumi.RunError(
                f"Cloud Monitoring does not know {metric_type} after {minutes} minutes ({reason})"
                + (f"\n  fix: {fix}" if fix else "")
            )
        if not waited:
            say(
                f"waiting until Cloud Monitoring knows {metric_type}, which is new:"
                f" {minutes} minutes at most"
            )
        yield PAUSE_SECONDS
        waited += PAUSE_SECONDS
    if waited:
        say(f"Cloud Monitoring knows {metric_type} after {waited} s")


def _lasts(error: Exception) -> bool:
    """Whether an error is there for good: refused, not "not yet" and no passing fault."""
    from google.auth.exceptions import GoogleAuthError, TransportError
    from googleapiclient.errors import HttpError

    if isinstance(error, HttpError):
        status = error.status_code
        return status not in (_NOT_FOUND, _TOO_MANY) and status < _SERVER_ERROR
    return isinstance(error, GoogleAuthError) and not isinstance(error, TransportError)
