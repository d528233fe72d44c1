"""Calls that Google's discovery documents do not have.

The documents ship inside google-api-python-client.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, urlsplit

from localgcp.apis.api_errors import ApiError
from localgcp.apis.discovery import ALSO_IN_QUERY, DOCUMENTS, load_router
from localgcp.apis.request_schemas import check_body, check_query

# The local cloud's own: its clock, its inbox.
_OWN = "/localcloud/"
# What Google's own client for BigQuery sends (`Client.get_job`, `cancel_job`); `jobs.list` has it.
_OF_GOOGLES_CLIENT = {"bigquery.jobs.get": {"projection"}, "bigquery.jobs.cancel": {"projection"}}


def refused(calls: Iterable[tuple[str, str, bytes]]) -> Iterator[str]:
    """What no document describes of these calls: method, path with query, and body."""
    router = load_router((*DOCUMENTS, "bigquery.v2"))
    for verb, address, body in calls:
        parts = urlsplit(address)
        # The second half of a resumable upload is in no document.
        if parts.path.startswith(_OWN) or (verb == "PUT" and "/upload/" in parts.path):
            continue
        api, _, path = parts.path.lstrip("/").partition("/")
        if "bigquery/v2" in parts.path:
            # This document has its paths from the host on.
            api, path = "bigquery", parts.path.lstrip("/")
        found = router.match(api, verb, path)
        if found is None:
            yield f"{verb} {parts.path}: no method"
            continue
        method, _ = found
        try:
            known = _OF_GOOGLES_CLIENT.get(method.id, set())
            sent = parse_qsl(parts.query, keep_blank_values=True)
            query = check_query(method, [pair for pair in sent if pair[0] not in known])
            if not method.upload:
                text = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
                content = json.loads(text) if text.strip() else {}
                moved = ALSO_IN_QUERY.get(method.id, {}).keys() & query.keys()
                complete = verb != "PATCH"
                check_body(
                    method,
                    {k: query[k] for k in moved} | content,
                    complete=complete,
                    keep_nulls=True,
                )
        except ApiError as error:
            yield f"{verb} {parts.path} ({method.id}): {error}"
