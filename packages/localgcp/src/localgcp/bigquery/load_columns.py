"""Load jobs: where the columns come from when the job does not say.

local-bigquery 0.4.0 lets DuckDB guess them, always. On Google a file of text takes the columns of
the table that is there, unless the job asks for detection, and a file that has a schema of its own
has decimals become NUMERIC, BIGNUMERIC or STRING by the job's list. A table without columns takes
those of the first load. A reference file, if the job names one, says the columns of all files.
https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationLoad
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from local_bigquery.catalog import tables
from local_bigquery.engine import types
from local_bigquery.engine.database import quote
from local_bigquery.jobs import load, runner
from local_bigquery.jobs.storage import literal, paths
from local_bigquery.models import JobConfigurationLoad, TableFieldSchema, TableSchema

_NUMERIC = "DECIMAL(38,9)"
_TOO_WIDE = "Decimal value is out of valid NUMERIC range: "
_PARQUET = "read_parquet("
# Types of the columns in the file that is being loaded, by name.
_source: ContextVar[dict[str, Any]] = ContextVar("source")


def install() -> None:
    """Put these rules around local-bigquery's loads; after `loads`."""
    runner.HANDLERS["load"] = _run(runner.HANDLERS["load"])
    load._reader = _reader(load._reader)
    load._projection = _projection(load._projection)
    tables.write = _filling(tables.write)


def source_type(column: str) -> Any:
    """The DuckDB type of a column in the file; None for one that the file lacks."""
    return _source.get({}).get(column.casefold())


def _run(run: Callable[..., Any]) -> Callable[..., Any]:
    def loaded(cur: Any, config: JobConfigurationLoad, upload: str | None) -> Any:
        fields = config.schema_ and config.schema_.fields
        is_text = (config.sourceFormat or "CSV") in load.TEXT_FORMATS
        if not fields and is_text and not config.autodetect:
            held = _held(config)
            if held:
                config = config.replace(schema=TableSchema(fields=held).dump())
        return run(cur, config, upload)

    return loaded


def _held(config: JobConfigurationLoad) -> list[TableFieldSchema]:
    """Columns of the destination, empty where there is none."""
    reference = tables.reference(config.destinationTable)
    if not tables.exists(*reference):
        return []
    return tables.fields(tables.load(*reference))


def _reader(reader: Callable[..., str]) -> Callable[..., str]:
    def read(cur: Any, files: str, config: JobConfigurationLoad, fields: list[Any]) -> str:
        uri = config.referenceFileSchemaUri
        wanted = file_columns(cur, uri, config) if uri and not fields else []
        source = reader(cur, files, config, fields)
        if wanted:
            if source.startswith(_PARQUET):
                source = f"{source.removesuffix(')')}, union_by_name = true)"
            listed = ", ".join(quote(name) for name, _ in wanted)
            source = f"(SELECT {listed} FROM {source})"
        relation = cur.sql(f"SELECT * FROM {source} LIMIT 0")
        pairs = zip(relation.columns, relation.types, strict=True)
        _source.set({name.casefold(): kind for name, kind in pairs})
        return source

    return read


def file_columns(cur: Any, uri: str, config: JobConfigurationLoad) -> list[tuple[str, Any]]:
    """Names and DuckDB types of the columns of a file that has a schema of its own."""
    files = f"[{', '.join(map(literal, paths(cur, uri)))}]"
    source = load._reader(cur, files, config.without("referenceFileSchemaUri"), [])
    relation = cur.sql(f"SELECT * FROM {source} LIMIT 0")
    return list(zip(relation.columns, relation.types, strict=True))


def _projection(projection: Callable[..., tuple[str, str]]) -> Callable[..., tuple[str, str]]:
    def projected(
        config: JobConfigurationLoad, fields: list[TableFieldSchema], columns: list[str]
    ) -> tuple[str, str]:
        kind = config.sourceFormat or "CSV"
        if fields or kind in load.TEXT_FORMATS:
            return projection(config, fields, columns)
        return ", ".join(_decimals(config, columns)), "false"

    return projected


def _decimals(config: JobConfigurationLoad, columns: list[str]) -> Iterator[str]:
    default = ["NUMERIC", "STRING"] if config.sourceFormat == "ORC" else ["NUMERIC"]
    wanted = list(config.decimalTargetTypes or default)
    for column in columns:
        kind = source_type(column)
        if kind is None or kind.id != "decimal":
            yield quote(column)
            continue
        precision, scale = (value for _, value in kind.children)
        yield f"{_as_type(quote(column), precision, scale, wanted)} AS {quote(column)}"


def _as_type(column: str, precision: int, scale: int, wanted: list[str]) -> str:
    """A decimal as the first type that holds it; else as the widest, if the value fits."""
    if "NUMERIC" in wanted and scale <= 9 and precision - scale <= 29:
        return f"CAST({column} AS {_NUMERIC})"
    if "BIGNUMERIC" in wanted:
        # DuckDB's widest decimal keeps what it has; one with fewer digits behind the point
        # would be taken for a NUMERIC.
        return column if scale > 9 else f"CAST({column} AS {types.TO_DUCKDB['BIGNUMERIC']})"
    if "STRING" in wanted:
        return f"CAST({column} AS VARCHAR)"
    fits = f"TRY_CAST({column} AS {_NUMERIC})"
    exactly = f"TRY_CAST({fits} AS DECIMAL({precision},{scale})) = {column}"
    refused = f"error({literal(_TOO_WIDE)} || CAST({column} AS VARCHAR))"
    return f"CASE WHEN {column} IS NULL OR {exactly} THEN {fits} ELSE {refused} END"


def _filling(write: Callable[..., bool]) -> Callable[..., bool]:
    """A table without columns has no rows either: what comes first makes it."""

    def written(
        cur: Any, query: str, params: Any, reference: Any, config: Any, *rest: Any, **more: Any
    ) -> bool:
        found = tables._lookup(*reference) if reference[1] != tables.RESULTS else None
        if found and found[0] == "EMPTY" and not getattr(config, "schemaUpdateOptions", None):
            config = config.replace(writeDisposition="WRITE_TRUNCATE")
        return write(cur, query, params, reference, config, *rest, **more)

    return written
