"""The few calls of BigQuery's REST API that copying job history takes."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

_PAGE = 1000
_TIMEOUT_SECONDS = 20.0
# Marks the queries of this package, so that they stay out of the history.
OWN_LABEL = {"local_cloud": "job_history"}
# Straight to the loopback address, whatever proxy the environment names.
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class BigQuery:
    """One project on one BigQuery. OSError when it cannot be reached or refuses."""

    def __init__(self, url: str, project: str) -> None:
        self._base = f"{url.rstrip('/')}/bigquery/v2/projects/{project}"
        self._project = project

    def datasets(self) -> list[str]:
        """Names of all datasets."""
        return [
            item["datasetReference"]["datasetId"] for item in self._pages("/datasets", "datasets")
        ]

    def table(self, dataset: str, name: str) -> dict[str, Any] | None:
        """A table resource; None when there is no such table."""
        try:
            return self._call(f"/datasets/{_quote(dataset)}/tables/{_quote(name)}")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def jobs(self, *, since: int = 0, parent: str | None = None) -> list[dict[str, Any]]:
        """Jobs created at or after `since` (milliseconds), or all children of one job."""
        question: dict[str, Any] = {"projection": "full", "minCreationTime": since}
        if parent is not None:
            question = {"projection": "full", "parentJobId": parent}
        return list(self._pages("/jobs", "jobs", **question))

    def query(self, sql: str) -> list[list[str | None]]:
        """Run a query; its rows, every value as text."""
        body = {"query": sql, "useLegacySql": False, "labels": OWN_LABEL}
        answer = self._call("/queries", body)
        rows: list[list[str | None]] = []
        while True:
            rows += [[cell["v"] for cell in row["f"]] for row in answer.get("rows") or []]
            token = answer.get("pageToken")
            if answer.get("jobComplete") and not token:
                return rows
            job = answer["jobReference"]
            question = {"location": job["location"]} | ({"pageToken": token} if token else {})
            answer = self._call(f"/queries/{_quote(job['jobId'])}", **question)

    def insert(self, dataset: str, table: str, rows: list[dict[str, Any]]) -> None:
        """Add rows without a job: all or none; ValueError when BigQuery refuses a row."""
        body = {"rows": [{"json": row} for row in rows]}
        answer = self._call(f"/datasets/{_quote(dataset)}/tables/{_quote(table)}/insertAll", body)
        if answer.get("insertErrors"):
            raise ValueError(f"{dataset}.{table} refuses rows: {answer['insertErrors'][0]}")

    def _pages(self, path: str, key: str, **question: Any) -> Iterator[dict[str, Any]]:
        question["maxResults"] = _PAGE
        while True:
            answer = self._call(path, **question)
            yield from answer.get(key) or []
            if not answer.get("nextPageToken"):
                return
            question["pageToken"] = answer["nextPageToken"]

    def _call(self, path: str, body: Any = None, **question: Any) -> dict[str, Any]:
        url = f"{self._base}{path}" + (f"?{urllib.parse.urlencode(question)}" if question else "")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        with _open(request, timeout=_TIMEOUT_SECONDS) as response:
            return json.load(response)


def _quote(name: str) -> str:
    return urllib.parse.quote(name, safe="")
