"""Copy jobs that clone a table, take a snapshot of it or restore one.

local-bigquery 0.4.0 runs them without a look at the types of source and destination, the write
disposition, the expiration and the time that a decorator names; it does not know RESTORE.
https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationTableCopy
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_bigquery.catalog import names, tables
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError, already_exists, not_found
from local_bigquery.jobs import copy, query, runner
from local_bigquery.models import JobConfigurationQuery, JobStatistics5
from local_bigquery.sql.rules.tables import DECORATOR
from sqlglot import exp

from localgcp.bigquery import clone_rules
from localgcp.bigquery.clone_rules import Path

# The type of the source, and what the destination is made with.
_OPERATIONS = {
    "CLONE": ("TABLE", "CREATE TABLE"),
    "SNAPSHOT": ("TABLE", "CREATE SNAPSHOT TABLE"),
    "RESTORE": ("SNAPSHOT", "CREATE TABLE"),
}


def install() -> None:
    """Put these jobs in place of local-bigquery's."""
    copy.run = runner.HANDLERS["copy"] = _running(copy.run)


def _running(run: Callable[..., Any]) -> Callable[..., Any]:
    def copied(cur: Any, config: Any, upload: str | None) -> Any:
        operation = config.operationType
        if operation not in _OPERATIONS:
            return run(cur, config, upload)
        source, then = _source(config)
        target = tables.reference(config.destinationTable)
        if clone_rules.is_in_one_region(source, target):
            return _clone(cur, config, source, then, target)
        # In another region BigQuery copies all of it.
        return run(cur, config.replace(operationType="COPY"), upload)

    return copied


def _clone(cur: Any, config: Any, source: Path, then: str, target: Path) -> Any:
    wanted, create = _OPERATIONS[config.operationType]
    kind = clone_rules.source_type(source)
    if kind != wanted:
        raise _invalid(
            f"the source table of operationType {config.operationType} must be a {wanted},"
            f" {names.label(*source)} is a {kind}"
        )
    if then and kind == "SNAPSHOT":
        raise _invalid(f"{names.label(*source)} is a snapshot, which has no earlier state")
    replaced = _check_disposition(config, target)
    statement = f"{create} {_name(target)} CLONE {_name(source)}{then}"
    if expires := config.destinationExpirationTime:
        literal = exp.Literal.string(expires).sql("bigquery")
        statement += f" OPTIONS (expiration_timestamp = TIMESTAMP {literal})"
    if replaced:
        statement = statement.replace("CREATE", "CREATE OR REPLACE", 1)
    query.execute(cur, target[0], None, JobConfigurationQuery(query=statement))
    [(count,)] = database.fetch(f"SELECT count(*) FROM {tables.name(*target)}")
    return JobStatistics5(copiedRows=str(count), copiedLogicalBytes="0")


def _source(config: Any) -> tuple[Path, str]:
    """The one source table without its decorator, and the decorator as SQL."""
    sources = config.sourceTables or [config.sourceTable]
    if len(sources) != 1:
        raise _invalid(f"operationType {config.operationType} takes one source table")
    project, dataset, name = tables.reference(sources[0])
    if not (match := DECORATOR.match(name)):
        return (project, dataset, name), ""
    milliseconds = int(match[2])
    moment = (
        f"TIMESTAMP_MILLIS({milliseconds})"
        if milliseconds >= 0
        else f"TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {-milliseconds} MILLISECOND)"
    )
    return (project, dataset, match[1]), f" FOR SYSTEM_TIME AS OF {moment}"


def _check_disposition(config: Any, target: Path) -> bool:
    """Whether the destination is replaced; raises BigQueryError for what Google refuses.

    Only a restore may take the place of a table: a clone needs `--no_clobber`, and nothing is
    overwritten by a snapshot.
    """
    operation, write = config.operationType, config.writeDisposition or "WRITE_EMPTY"
    if write == "WRITE_APPEND" or (write == "WRITE_TRUNCATE" and operation != "RESTORE"):
        raise _invalid(f"writeDisposition {write} cannot be used with operationType {operation}")
    exists = tables.exists(*target)
    if not exists and config.createDisposition == "CREATE_NEVER":
        raise not_found("Table", names.label(*target))
    if exists and write == "WRITE_EMPTY":
        raise already_exists("Table", names.label(*target))
    return exists


def _name(path: Path) -> str:
    project, dataset, table = path
    text: str = exp.table_(table, dataset, project, quoted=True).sql("bigquery")
    return text


def _invalid(text: str) -> BigQueryError:
    return BigQueryError("invalid", f"Invalid value: {text}")
