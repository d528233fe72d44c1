"""Where records are in Cloud Logging: the log of each stream, and the bucket that keeps it.

A log is named `eros/<stream>`; a sink for each bucket routes its logs there. Both are declared by
`components/logs.py`, written by `eros.cloud.cloud_logs` and read by `eros logs` (docs/logs.md).
"""

from __future__ import annotations

from urllib.parse import quote

from eros.project.settings import Settings

# Log buckets are of a region or of none; none suits every stack.
LOCATION = "global"
# Bucket of the stack, and the streams (eros.logs.Stream) that it keeps.
STREAMS = {
    "application": ("application", "performance"),
    "audit": ("audit", "deployment"),
}

_PREFIX = "eros-"
APPLICATION = f"{_PREFIX}application"
"""What the id of the bucket begins with that keeps no audit records."""


def bucket_id(settings: Settings, bucket: str) -> str:
    """Id of one of STREAMS within the project."""
    return settings.names.log_bucket(f"{_PREFIX}{bucket}")


def retention_days(settings: Settings, bucket: str) -> int:
    """Days that one of STREAMS keeps an entry."""
    if bucket == "audit":
        return settings.logs.audit_retention_days
    return settings.logs.application_retention_days


def log_name(settings: Settings, stream: str) -> str:
    """Complete name of a stream's log, as entries have it."""
    log_id = settings.names.metric(f"eros/{stream}")
    return f"projects/{settings.project}/logs/{quote(log_id, safe='')}"


def sink_filter(settings: Settings, bucket: str) -> str:
    """The entries that a bucket keeps."""
    names = (f'"{log_name(settings, stream)}"' for stream in STREAMS[bucket])
    return f"logName=({' OR '.join(names)})"
