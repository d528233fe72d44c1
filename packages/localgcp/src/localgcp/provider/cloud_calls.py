"""Calls to the local cloud's REST APIs, with errors worded as the real plugin words them."""

import http.client
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

CALL_TIMEOUT_SECONDS = 60
# The real plugin polls for minutes after a create; a local API answers at once or never.
POLL_SECONDS = 0.05
POLL_ATTEMPTS = 40

# What the real plugin repeats (magic-modules: transport/error_retry_predicates.go), for
# minutes there. A local cloud recovers within seconds or not at all.
RETRIED_STATUSES = frozenset({429, 500, 502, 503})
RETRY_SECONDS = 20.0
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 4.0
# A server that says "too many requests" has not done anything.
_NOTHING_DONE = frozenset({429})
# Many resources fail at one moment; they must not all come back at one moment.
_JITTER = random.SystemRandom()


class ApiError(Exception):
    """An error answer of an API, worded `googleapi: Error STATUS: MESSAGE, REASON`."""

    def __init__(self, status: int, message: str, reason: str | None = None) -> None:
        self.status = status
        self.reason = reason
        text = f"googleapi: Error {status}: {message}"
        super().__init__(f"{text}, {reason}" if reason else text)


class CloudDown(Exception):
    """Nothing listens at the endpoint."""

    def __init__(self, base: str) -> None:
        super().__init__(f"local cloud is not running at {base}: start it with `eros local up`")


class AnswerLost(Exception):
    """The connection ended after the request was sent: nobody knows what it did."""

    def __init__(self, method: str, url: str, what: str) -> None:
        super().__init__(f"{method} {url}: {what}")


def is_unsettled(error: Exception) -> bool:
    """Whether a call that failed like this may have been carried out all the same."""
    if isinstance(error, ApiError):
        return error.status in RETRIED_STATUSES - _NOTHING_DONE
    return isinstance(error, AnswerLost)


def pauses() -> Iterator[float]:
    """Seconds to wait before each further try: doubled, with jitter, RETRY_SECONDS in all."""
    end = time.monotonic() + RETRY_SECONDS
    pause = _FIRST_PAUSE_SECONDS
    while (wait := pause * _JITTER.uniform(0.5, 1.5)) < end - time.monotonic():
        yield wait
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


class MissingEndpoint(Exception):
    """The provider was configured without the endpoint this resource needs."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"no endpoint for this resource: set `{key}` on the gcp provider"
            " (`eros local up` writes it to endpoints.json)"
        )


@dataclass(frozen=True)
class Cloud:
    """The endpoints one provider was configured with, and its default project and labels."""

    endpoints: Mapping[str, str]
    project: str | None = None
    access_token: str = ""
    default_labels: Mapping[str, str] | None = None

    def call(
        self,
        method: str,
        endpoint: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        repeatable: bool | None = None,
    ) -> dict[str, Any]:
        """Send a request until it is answered, and return the decoded answer ({} without body).

        A passing failure is retried, with growing pauses, if a second request does no harm:
        `repeatable`, by default everything but POST.
        Raises ApiError for an error answer, CloudDown if nothing listens, AnswerLost if the
        connection ended, and MissingEndpoint if the endpoint is not configured.
        """
        if repeatable is None:
            repeatable = method != "POST"
        tries = pauses()
        while True:
            try:
                return self._once(method, endpoint, path, query, body)
            except (ApiError, AnswerLost) as error:
                passing = error.status in RETRIED_STATUSES if isinstance(error, ApiError) else True
                harmless = repeatable or not is_unsettled(error)
                pause = next(tries, None) if passing and harmless else None
                if pause is None:
                    raise
                time.sleep(pause)

    def _once(
        self,
        method: str,
        endpoint: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: Any,
    ) -> dict[str, Any]:
        if endpoint not in self.endpoints:
            raise MissingEndpoint(endpoint)
        base = self.endpoints[endpoint]
        parts = urlsplit(base)
        target = parts.path.rstrip("/") + "/" + path
        if query:
            target += "?" + urlencode({key: _query_value(query[key]) for key in sorted(query)})
        https = parts.scheme == "https"
        connect = http.client.HTTPSConnection if https else http.client.HTTPConnection
        connection = connect(parts.hostname or "", parts.port, timeout=CALL_TIMEOUT_SECONDS)
        headers = {"Authorization": f"Bearer {self.access_token}", "Accept": "application/json"}
        payload = None
        if body is not None:
            payload = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, target, body=payload, headers=headers)
            response = connection.getresponse()
            answer = response.read()
        except ConnectionRefusedError as error:
            raise CloudDown(base) from error
        except TimeoutError as error:
            what = f"no answer within {CALL_TIMEOUT_SECONDS} s"
            raise AnswerLost(method, base + path, what) from error
        except (ConnectionError, http.client.HTTPException) as error:
            what = "the connection was closed before the answer came"
            raise AnswerLost(method, base + path, what) from error
        finally:
            connection.close()
        return _decoded(response.status, response.reason, answer)

    def get(self, endpoint: str, path: str, **arguments: Any) -> dict[str, Any] | None:
        """GET, with None for what does not exist."""
        try:
            return self.call("GET", endpoint, path, **arguments)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def delete(self, endpoint: str, path: str, **arguments: Any) -> None:
        """DELETE; what is already gone is deleted."""
        try:
            self.call("DELETE", endpoint, path, **arguments)
        except ApiError as error:
            if error.status != 404:
                raise


def until_found(read: Callable[[], dict[str, Any] | None], what: str) -> dict[str, Any]:
    """Read until the answer is there, as the real plugin does after some creates."""
    for _ in range(POLL_ATTEMPTS):
        found = read()
        if found is not None:
            return found
        time.sleep(POLL_SECONDS)
    raise TimeoutError(
        f"{what} was created but could not be read back within {POLL_ATTEMPTS * POLL_SECONDS:.0f} s"
    )


def _query_value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _decoded(status: int, phrase: str, answer: bytes) -> dict[str, Any]:
    try:
        decoded = json.loads(answer) if answer.strip() else {}
    except ValueError:
        decoded = None
    if status < 400:
        if not isinstance(decoded, dict):
            raise ApiError(status, f"answer is not a JSON object: {answer[:200]!r}")
        return decoded
    error = decoded.get("error") if isinstance(decoded, dict) else None
    if not isinstance(error, dict):
        text = answer.decode(errors="replace").strip()
        raise ApiError(status, text[:500] or phrase)
    details = error.get("errors") or [{}]
    raise ApiError(status, error.get("message") or phrase, details[0].get("reason"))
