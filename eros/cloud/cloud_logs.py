"""Records of `eros` in Cloud Logging: written beside the files, and read back.

Written by `entries.write` under the log of each stream (`eros.project.log_buckets`); read over the
whole project, which finds what was written before the first deployment made the buckets, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from eros import logs
from eros.cloud.local_control import shown
from eros.project import log_buckets
from eros.project.settings import Settings

SEVERITIES = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_PAGE = 1000


class Apis(Protocol):
    """What is needed of `eros.cloud.google.Google`, which imports this."""

    settings: Settings

    def api(self, name: str) -> Any:
        """A client of one of Google's APIs."""


@dataclass(frozen=True)
class Writer:
    """Writes records for one stack."""

    google: Apis

    def write(self, lines: Sequence[logs.Line]) -> None:
        """Write records; raises UserError or one of `bqstack.failures.FAILURES`.

        A local stack's have the time of the local cloud, so that they end and are found with it.
        """
        settings = self.google.settings
        moments = [datetime.fromisoformat(line.content["timestamp"]) for line in lines]
        entries = [
            {
                "logName": log_buckets.log_name(settings, line.stream.value),
                "insertId": line.id,
                "timestamp": moment.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                "severity": line.content["level"],
                "labels": {"stack": settings.stack, "correlation": line.content["correlation"]},
                "jsonPayload": line.content,
            }
            for line, moment in zip(lines, shown(settings, moments), strict=True)
        ]
        body = {
            "resource": {"type": "global", "labels": {"project_id": settings.project}},
            "labels": settings.all_labels,
            "entries": entries,
            # One that is refused takes no others with it.
            "partialSuccess": True,
        }
        self.google.api("logging").entries().write(body=body).execute()


@dataclass(frozen=True)
class Asked:
    """Which records; times are of the stack."""

    streams: Sequence[logs.Stream]
    since: datetime
    severity: str = "DEBUG"
    correlation: str = ""
    message: str = ""


def read(google: Apis, asked: Asked) -> Iterator[dict[str, Any]]:
    """Records as the files have them, with `stream` and the stack's `timestamp`, newest first.

    Raises one of `bqstack.failures.FAILURES`.
    """
    settings = google.settings
    names = {log_buckets.log_name(settings, stream.value): stream for stream in asked.streams}
    request: dict[str, Any] = {
        "resourceNames": [f"projects/{settings.project}"],
        "filter": _filter(settings.stack, names, asked),
        "orderBy": "timestamp desc",
        "pageSize": _PAGE,
    }
    entries = google.api("logging").entries()
    seen: set[str] = set()
    while True:
        answer = entries.list(body=request).execute()
        for entry in answer.get("entries", []):
            # One that two buckets hold is listed twice.
            if entry["insertId"] in seen:
                continue
            seen.add(entry["insertId"])
            stream = names[entry["logName"]].value
            yield {"stream": stream, **entry["jsonPayload"], "timestamp": entry["timestamp"]}
        if not (token := answer.get("nextPageToken")):
            return
        request["pageToken"] = token


def _filter(stack: str, names: dict[str, logs.Stream], asked: Asked) -> str:
    logs_of = " OR ".join(f'"{name}"' for name in names)
    parts = [
        f"logName=({logs_of})",
        f'labels.stack="{stack}"',
        f"severity>={asked.severity}",
        f'timestamp>="{asked.since.astimezone(UTC).isoformat().replace("+00:00", "Z")}"',
    ]
    if asked.correlation:
        parts.append(f'labels.correlation="{asked.correlation}"')
    if asked.message:
        parts.append(f'jsonPayload.message="{asked.message}"')
    return "\n".join(parts)
