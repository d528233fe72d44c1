"""One record as one JSON line: the fields of docs/logs.md."""

from __future__ import annotations

import enum
import json
import logging
import os
import socket
import uuid
from datetime import UTC, datetime
from typing import Any

from eros.logs.redaction import redacted

# One process is one invocation of the command.
_CORRELATION = uuid.uuid4().hex[:16]
_HOSTNAME = socket.gethostname()
_ROOT = "eros"


class Stream(enum.Enum):
    """The four logs; the value is the name of the stream's folder."""

    APPLICATION = "application"
    AUDIT = "audit"
    PERFORMANCE = "performance"
    DEPLOYMENT = "deployment"

    @property
    def logger(self) -> logging.Logger:
        """The standard library's logger of the stream."""
        return logging.getLogger(f"{_ROOT}.{self.value}")


def correlation() -> str:
    """Id of this invocation, 16 hexadecimal digits: a valid value of a BigQuery label."""
    return _CORRELATION


def write(
    stream: Stream, level: int, context: str, message: str, extras: dict[str, Any], **kwargs: Any
) -> None:
    """Hand one record to the stream; `kwargs` are those of Logger.log."""
    stream.logger.log(level, message, extra={"context": context, "extras": extras}, **kwargs)


class JsonLine(logging.Formatter):
    """Formats a record as JSON without line breaks, secrets replaced."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        extras = dict(getattr(record, "extras", {}))
        if record.exc_info:
            extras["exception"] = self.formatException(record.exc_info)
        time = datetime.fromtimestamp(record.created, UTC)
        fields = {
            "timestamp": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "message": redacted(record.getMessage()),
            "context": getattr(record, "context", record.name),
            "extras": redacted(extras),
            "hostname": _HOSTNAME,
            "pid": os.getpid(),
            "correlation": _CORRELATION,
        }
        return json.dumps(fields, ensure_ascii=False, default=_text)


def _text(value: Any) -> str:
    """What JSON has no form for: dates, paths, decimals, enums."""
    return str(redacted(value.isoformat() if hasattr(value, "isoformat") else str(value)))
