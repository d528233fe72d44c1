"""Remembers the catalogue from one statement to the next.

local-bigquery 0.4.0 looks up what it knows of a table, and DuckLake describes its columns, several
times for each table that a statement names: a third of the time of a procedure. Only this
process writes its catalogue, and DuckLake counts the changes of a schema, so both can be kept.

What was created leaves the answers about other objects as they were, so a deployment of many
objects does not ask about all of them again after each.
"""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Callable
from typing import Any

from local_bigquery.catalog import datasets, metadata, row_access, tables
from local_bigquery.engine import database
from local_bigquery.models import RowAccessPolicy

from localgcp.bigquery import catalog

# The question which tables have policies, beside those about one table's.
_SECURED = ("secured",)
_NAME = re.compile(r'"(?:[^"]|"")*"')
# Changes that leave what was there as it was; others are DROP, ALTER, and what DuckLake may add.
_HARMLESS = frozenset(
    {
        "created_schema",
        "created_table",
        "created_view",
        "created_scalar_macro",
        "created_table_macro",
        "inserted_into_table",
        "deleted_from_table",
    }
)


def install() -> None:
    """Put the memory in front of the look-ups; after `catalog.install`."""
    _keep_resources()
    kept = _BySchema()
    catalog.described = kept(
        catalog.described, lambda *path: path if path[1] != tables.RESULTS else None
    )
    catalog.kind = kept(catalog.kind, lambda *path: path)
    datasets.exists = kept(datasets.exists, lambda *path: path)


def _keep_resources() -> None:
    """Keep datasets, tables, routines and policies as texts until one of their kind is written."""
    kept: dict[type, dict[tuple[str, ...], Any]] = {}
    list_, save, delete = metadata.list_, metadata.save, metadata.delete
    secured = row_access.secured

    def remembered(model: type, *keys: str) -> list[Any]:
        return list(ask(model, keys, lambda: list_(model, *keys)))

    def ask(model: type, keys: tuple[str, ...], question: Callable[[], Any]) -> Any:
        # Who writes meanwhile takes this dictionary away, with what is read here.
        of_kind = kept.setdefault(model, {})
        if keys not in of_kind:
            of_kind[keys] = question()
        return of_kind[keys]

    def saved(resource: Any, *keys: str) -> Any:
        try:
            return save(resource, *keys)
        finally:
            kept.pop(type(resource), None)

    def deleted(model: type, *keys: str) -> None:
        try:
            delete(model, *keys)
        finally:
            kept.pop(model, None)

    metadata.list_, metadata.save, metadata.delete = remembered, saved, deleted
    row_access.secured = lambda: ask(RowAccessPolicy, _SECURED, secured)


class _BySchema:
    """Answers about tables, kept for as long as DuckLake's schema does not change."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[int, dict[Any, Any]]] = {}
        self._lock = threading.Lock()

    def __call__[Result](
        self,
        ask: Callable[..., Result],
        path_of: Callable[..., tuple[str, ...] | None],
    ) -> Callable[..., Result]:
        """`ask`, whose arguments name the table that `path_of` gives; no path, no memory.

        An answer that is true says something of an object that is there, any other that none is.
        """

        def asked(*arguments: Any) -> Result:
            path = path_of(*arguments)
            if path is None or path[0] not in database._attached:
                return ask(*arguments)
            answers = self._answers(path[0])
            key = (ask, *path)
            if key not in answers:
                answers[key] = ask(*arguments)
            return copy.copy(answers[key])

        return asked

    def _answers(self, project_id: str) -> dict[Any, Any]:
        # Read before the question is put: a change that comes between is met the next time.
        lake = database.quote(f"__ducklake_metadata_{project_id}")
        listed = catalog.listing.get()
        version = listed.versions.get(project_id) if listed else None
        if version is None:
            sql = f"SELECT MAX(schema_version) FROM {lake}.ducklake_snapshot"
            [(version,)] = database.fetch(sql)
        if listed:
            listed.versions[project_id] = version
        with self._lock:
            known = self._kept.get(project_id)
            if known is None or known[0] > version:
                known = self._kept[project_id] = (version, {})
            elif known[0] < version:
                answers = {}
                if _only_created(lake, known[0], version):
                    answers = {key: value for key, value in list(known[1].items()) if value}
                known = self._kept[project_id] = (version, answers)
            return known[1]


def _only_created(lake: str, before: int, after: int) -> bool:
    """Whether every object of a version of the schema is as it was in an earlier one."""
    rows = database.fetch(
        f"SELECT schema_version, changes_made FROM {lake}.ducklake_snapshot"
        f" JOIN {lake}.ducklake_snapshot_changes USING (snapshot_id)"
        " WHERE schema_version > ? AND schema_version <= ?",
        [before, after],
    )
    # Snapshots that have expired cannot be asked.
    if {version for version, _ in rows} != set(range(before + 1, after + 1)):
        return False
    changes = [one for _, text in rows for one in _NAME.sub("", text or "").split(",")]
    return all(change.partition(":")[0] in _HARMLESS for change in changes)
