"""Opening and closing the logs of one invocation."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import platformdirs

from bqstack.errors import UserError
from eros.logs import forwarding, query_log, stream_files
from eros.logs.record import JsonLine, Stream
from eros.project import local_stacks
from eros.project.settings import PROJECT_ROOT

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def default_folder(stack: str) -> Path:
    """Where the logs of a stack are: EROS_LOG_DIR, the local cloud's folder, or the user's."""
    if chosen := os.environ.get("EROS_LOG_DIR"):
        return Path(chosen)
    if stack == "local" or local_stacks.is_local(stack):
        own = "eros" if stack == "local" else f"eros-{stack}"
        return Path(os.environ.get("EROS_LOCAL_DIR") or PROJECT_ROOT / ".local") / "logs" / own
    return Path(platformdirs.user_log_dir("eros", appauthor=False)) / stack


_forwarders: list[forwarding.Forwarder] = []


def start(folder: Path, *, forwarded: bool = False) -> None:
    """Write records to files below `folder` from now on; hold them for `forward`, too, if asked.

    Raises UserError when the folder cannot be written or EROS_LOG_LEVEL is no level.
    """
    level = os.environ.get("EROS_LOG_LEVEL", "INFO").upper()
    if level not in _LEVELS:
        raise UserError(
            "there is no level with this name",
            key="EROS_LOG_LEVEL",
            value=level,
            fix=f"use one of: {', '.join(_LEVELS)}",
        )
    finish()
    for stream in Stream:
        handler = stream_files.DailyFile(folder, stream)
        handler.setFormatter(JsonLine())
        stream.logger.addHandler(handler)
        stream.logger.propagate = False
        # The audit is complete at every level.
        stream.logger.setLevel(logging.INFO if stream is Stream.AUDIT else level)
    if forwarded:
        _forwarders.append(forwarding.Forwarder())
        for stream in Stream:
            stream.logger.addHandler(_forwarders[-1])
    stream_files.tidy_daily(folder)


def forward(send: forwarding.Send) -> None:
    """Send the records of this invocation by `send`, too, if it holds any for that."""
    for forwarder in _forwarders:
        forwarder.send_by(send)


def flush() -> None:
    """Send what waits to be forwarded: something is done that must outlive this machine."""
    for forwarder in _forwarders:
        forwarder.flush()


def finish() -> None:
    """Record what is still open, send what waits, and close the files."""
    query_log.flush()
    for forwarder in _forwarders:
        for stream in Stream:
            stream.logger.removeHandler(forwarder)
        forwarder.close()
    _forwarders.clear()
    for stream in Stream:
        for handler in list(stream.logger.handlers):
            stream.logger.removeHandler(handler)
            handler.close()
