"""What Google's libraries raise when a service refuses or cannot be reached."""

from __future__ import annotations

import re

from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.exceptions import GoogleAuthError
from googleapiclient.errors import HttpError
from httplib2 import HttpLib2Error
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import Timeout as RequestsTimeout

FAILURES = (
    GoogleAPICallError,
    GoogleAuthError,
    RetryError,
    RequestsConnectionError,
    RequestsTimeout,
    HttpError,
    HttpLib2Error,
    # Discovery's clients leave the socket's own errors as they are.
    ConnectionError,
    TimeoutError,
)
_REQUEST = re.compile(r"^[A-Z]+ https?://\S+: (?=\S)")


def explained(error: Exception) -> str:
    """One line that says what one of FAILURES is about."""
    reason = str(getattr(error, "message", None) or getattr(error, "reason", None) or error)
    # BigQuery's client puts the request before what was answered.
    return _REQUEST.sub("", (reason.splitlines() or [type(error).__name__])[0])
