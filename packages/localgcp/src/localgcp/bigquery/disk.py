"""A full disk is an error of the statement that met it, at once and in words.

local-bigquery 0.4.0 answers 500, which Google's clients repeat for ten minutes, and a job whose end
cannot be written down stays RUNNING forever (`jobs.JobStore` keeps such an end in memory).
"""

from __future__ import annotations

import errno
import importlib
import shutil
import sqlite3
from typing import Any

import duckdb
from fastapi import Request
from fastapi.responses import JSONResponse
from local_bigquery import errors
from local_bigquery.errors import BigQueryError
from local_bigquery.grpc import server as grpc_server
from local_bigquery.jobs import runner
from local_bigquery.settings import settings
from local_bigquery.sql import script

# The package has an attribute of the same name, which is the application.
server = importlib.import_module("local_bigquery.app")
# Google's reason for a query that wants more than there is; clients do not repeat it.
_REASON = "resourcesExceeded"
_NUMBERS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# DuckDB and SQLite report the system's words, or their own.
_WORDS = (
    "no space left on device",
    "disk quota exceeded",
    "file too large",
    "database or disk is full",
    "disk i/o error",
)
_KINDS = (OSError, sqlite3.OperationalError, duckdb.Error)


def install() -> None:
    """Know a full disk wherever local-bigquery turns an exception into an answer."""
    errors.STATUSES[_REASON] = (400, "RESOURCE_EXHAUSTED")
    known = errors.from_exception
    name = known.__name__

    def from_exception(error: Exception) -> BigQueryError:
        return full(error) or known(error)

    for module in (errors, server, grpc_server, runner, script):
        setattr(module, name, from_exception)
    for kind in _KINDS:
        # By its own class: an answer to any Exception is followed by the end of the connection.
        server.app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> JSONResponse:
    answer: JSONResponse = await server.handle_error(request, error)
    # Whatever is left of an upload is not read.
    answer.headers["connection"] = "close"
    return answer


def full(error: Any) -> BigQueryError | None:
    """What a person reads when `error` comes from a full disk; None for others."""
    words = str(error).lower()
    if isinstance(error, BigQueryError):
        # A load says it of the file that it reads.
        is_full = "could not write file" in words
    else:
        is_full = isinstance(error, _KINDS) and (
            getattr(error, "errno", None) in _NUMBERS or any(word in words for word in _WORDS)
        )
    if not is_full:
        return None
    free = shutil.disk_usage(settings.data_dir).free
    return BigQueryError(
        _REASON,
        f"Resources exceeded: the disk of the local cloud is full, {free / 1e6:.0f} MB are free in "
        f"{settings.data_dir}; what was there before is unchanged",
    )
