"""Calls to the local cloud's REST APIs, with errors worded as the real plugin words them."""

import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

CALL_TIMEOUT_SECONDS = 60
# The real plugin polls for minutes after a create; a local API answers at once or never.
POLL_SECONDS = 0.05
POLL_ATTEMPTS = 40


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


class AnswerLost(CloudDown):
    """The cloud went away after it had got the request: nobody knows what it did."""


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
    ) -> dict[str, Any]:
        """Send one request and return the decoded answer ({} if it has no body).

        Raises ApiError for an error answer, CloudDown if nothing listens, AnswerLost if
        it went away, and MissingEndpoint if the endpoint is not configured.
        """
        if endpoint not in self.endpoints:
            raise MissingEndpoint(endpoint)
        base = self.endpoints[endpoint]
        parts = urlsplit(base)
        target = parts.path.rstrip("/") + "/" + path
        if query:
            target += "?" + urlencode({key: _query_value(query[key]) for key in sorted(query)})
        https = parts.scheme == "https"
        connect = http.client.HTTPSConnection if https else http.client.HTTPConnection
        connection = connect(parts.hostname, parts.port, timeout=CALL_TIMEOUT_SECONDS)
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
        except (ConnectionError, http.client.IncompleteRead) as error:
            raise AnswerLost(base) from error
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
