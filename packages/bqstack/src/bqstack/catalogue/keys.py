"""Primary and foreign keys: what they name must be there.

BigQuery enforces no key, but its optimiser trusts them
(https://cloud.google.com/bigquery/docs/primary-foreign-keys).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bqstack.catalogue.sql_objects import ForeignKey, SqlObject, Table
from bqstack.errors import UserError
from bqstack.unchecked import JsonObject


def mistakes(objects: Mapping[str, SqlObject]) -> Iterator[UserError]:
    """Every key whose columns or table are not as it says, as an error with its place."""
    for table in objects.values():
        if not isinstance(table, Table):
            continue
        for name in table.primary_key:
            if _column(table, name) is None:
                yield _missing(table, name, table, 1)
        for key in table.foreign_keys:
            error = _foreign(table, key, objects)
            if error is not None:
                yield error


def _foreign(table: Table, key: ForeignKey, objects: Mapping[str, SqlObject]) -> UserError | None:
    other = objects.get(key.table)
    if not isinstance(other, Table):
        message = f"a foreign key refers to {key.table}, which is not a table in sql/"
        return UserError(message, file=table.path, line=key.line)
    if [n.lower() for n in key.referenced] != [n.lower() for n in other.primary_key]:
        return UserError(
            f"a foreign key refers to {', '.join(key.referenced)} of {key.table}, whose primary"
            f" key is {', '.join(other.primary_key) or 'not declared'}",
            file=table.path,
            line=key.line,
            fix=f"refer to the primary key, or declare it in {other.path}",
        )
    for mine, theirs in zip(key.columns, key.referenced, strict=True):
        column, referenced = _column(table, mine), _column(other, theirs)
        if column is None:
            return _missing(table, mine, table, key.line)
        if referenced is None:
            return _missing(other, theirs, table, key.line)
        if column["type"] != referenced["type"]:
            return UserError(
                f"{mine} is {column['type']}, but {key.table}.{theirs}, which it refers to,"
                f" is {referenced['type']}",
                file=table.path,
                line=key.line,
                fix="give both the same type",
            )
    return None


def _column(owner: Table, name: str) -> JsonObject | None:
    found = (column for column in owner.schema if column["name"].lower() == name.lower())
    return next(found, None)


def _missing(owner: Table, name: str, table: Table, line: int) -> UserError:
    message = f"a key names {name}, which is not a column of {owner.name}"
    return UserError(message, file=table.path, line=line)
