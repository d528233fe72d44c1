"""Calls of BigQuery's REST API for which its client library has no method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bqstack.unchecked import JsonMapping, JsonObject

if TYPE_CHECKING:
    from google.cloud import bigquery


def ask(
    client: bigquery.Client,
    method: str,
    path: str,
    query: JsonMapping | None = None,
    body: object = None,
) -> JsonObject:
    """The answer to one call; `path` begins behind the API's version, with a slash.

    Raises GoogleAPICallError.
    """
    # The library's connection has the credentials and the address.
    connection: Any = client._connection
    answer: JsonObject = connection.api_request(
        method=method, path=path, query_params=dict(query or {}), data=body
    )
    return answer


def get(client: bigquery.Client, resource_id: str) -> JsonObject | None:
    """The resource of a provider's id that is its path; None if there is none.

    Raises GoogleAPICallError.
    """
    from google.api_core.exceptions import NotFound

    try:
        return ask(client, "GET", f"/{resource_id}")
    except NotFound:
        return None
