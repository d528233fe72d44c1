"""Values of text files (JSON, CSV) as BigQuery reads them.

local-bigquery 0.4.0 leaves them to DuckDB's casts, which know no interval as Google writes one
(`7-11 9 4:15:37.123456` or ISO 8601), no base64 that is broken into lines, no range, and of
geography only WKT, where Google reads WKB (in hexadecimal digits, or bytes in a file that has them)
and GeoJSON, too, and no time as seconds since 1970.
https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-json
https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from local_bigquery.engine.types import RANGE_FIELDS, TO_DUCKDB
from local_bigquery.jobs import load
from local_bigquery.jobs.storage import literal
from local_bigquery.models import JobConfigurationLoad, TableFieldSchema

from localgcp.bigquery import load_columns

_is_text: ContextVar[bool] = ContextVar("whether a load reads text", default=True)

# Each part of an interval with its sign, by the unit that DuckDB calls it.
_UNITS = ("years", "months", "days", "hours", "minutes", "microseconds")
_ISO = (
    r"^P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)D)?"
    r"(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?[\d.]+)S)?)?$"
)
_CANONICAL = r"^(-?)(\d+)-(\d+) (-?\d+) (-?)(\d+):(\d+):([\d.]+)$"
# `1534680695`. What a number with an exponent counts (`1.534680695e12`) is not documented.
_SECONDS = r"-?[0-9]{1,11}([.][0-9]*)?"
# `[2020-01-01, 2020-02-01)`; UNBOUNDED or NULL stands for no bound.
_BOUNDS = r"^\[\s*([^,]*?)\s*,\s*([^)]*?)\s*\)$"


def install() -> None:
    """Read such values in front of local-bigquery's own conversions."""
    decoded, textual, projection = load._decoded, load._textual, load._projection

    def as_google_reads(expression: str, field: TableFieldSchema, depth: int = 0) -> str:
        if not _is_text.get():
            return _geography(expression, field)
        if field.mode != "REPEATED" and (convert := _CONVERSIONS.get((field.type or "").upper())):
            return convert(expression, field)
        return decoded(expression, field, depth)

    def read_as_text(field: TableFieldSchema) -> TableFieldSchema:
        if (field.type or "").upper() in _CONVERSIONS:
            return field.replace(type="STRING").without("rangeElementType")
        return textual(field)

    def projected(config: JobConfigurationLoad, *rest: Any) -> tuple[str, str]:
        # Avro, ORC and Parquet have bytes of their own.
        token = _is_text.set((config.sourceFormat or "CSV") in load.TEXT_FORMATS)
        try:
            return projection(config, *rest)
        finally:
            _is_text.reset(token)

    load._projection = projected
    load._decoded = as_google_reads
    load._textual = read_as_text


def _bytes(text: str, field: TableFieldSchema) -> str:
    return rf"from_base64(regexp_replace({text}, '\s', '', 'g'))"


def _interval(text: str, field: TableFieldSchema) -> str:
    parts = [f"nullif(regexp_extract({text}, '{_ISO}', {n}), '')" for n in range(1, 7)]
    parts[-1] = _microseconds(parts[-1])
    iso = ", ".join(f"{part} || ' {unit}'" for part, unit in zip(parts, _UNITS, strict=True))

    def group(number: int) -> str:
        return f"regexp_extract({text}, '{_CANONICAL}', {number})"

    signs = {1: (2, 3), 5: (6, 7, 8)}
    signed = {
        number: f"{group(sign)} || {group(number)}" for sign in signs for number in signs[sign]
    }
    words = [signed.get(number, group(number)) for number in (2, 3, 4, 6, 7, 8)]
    words[-1] = _microseconds(words[-1])
    canonical = ", ".join(f"{word} || ' {unit}'" for word, unit in zip(words, _UNITS, strict=True))
    return (
        f"CASE WHEN regexp_matches({text}, '{_ISO}') THEN concat_ws(' ', {iso}) "
        f"WHEN regexp_matches({text}, '{_CANONICAL}') THEN concat_ws(' ', {canonical}) "
        f"ELSE {text} END"
    )


def _microseconds(seconds: str) -> str:
    # DuckDB keeps three digits of a fraction of seconds in words.
    return f"CAST(CAST(CAST({seconds} AS DECIMAL(30, 6)) * 1000000 AS BIGINT) AS VARCHAR)"


def _range(text: str, field: TableFieldSchema) -> str:
    element = TO_DUCKDB[field.rangeElementType.type.upper()]

    def bound(number: int, key: str) -> str:
        # An object in JSON, a literal in CSV.
        found = (
            f"CASE WHEN {text} LIKE '{{%' THEN json_extract_string({text}, '$.{key}') "
            f"ELSE regexp_extract({text}, {literal(_BOUNDS)}, {number}) END"
        )
        absent = f"upper({found}) IN ('', 'NULL', 'UNBOUNDED')"
        return f"CASE WHEN NOT {absent} THEN CAST({found} AS {element}) END"

    start, end = RANGE_FIELDS
    return (
        f"CASE WHEN {text} LIKE '{{%' OR regexp_matches({text}, {literal(_BOUNDS)}) "
        f"THEN {{'{start}': {bound(1, 'start')}, '{end}': {bound(2, 'end')}}} END"
    )


def _geography(expression: str, field: TableFieldSchema) -> str:
    """A column of a file with types of its own: bytes or text."""
    if field.type != "GEOGRAPHY" or field.mode == "REPEATED":
        return expression
    kind = load_columns.source_type(field.name or "")
    if kind is not None and kind.id == "blob":
        return f"ST_GeomFromWKB({expression})"
    return _geography_of_text(expression, field)


def _geography_of_text(text: str, field: TableFieldSchema) -> str:
    return (
        f"CASE WHEN {text} LIKE '{{%' THEN ST_GeomFromGeoJSON({text}) "
        f"WHEN regexp_full_match({text}, '(?:[0-9A-Fa-f]{{2}})+') THEN ST_GeomFromHEXWKB({text}) "
        f"ELSE ST_GeomFromText({text}) END"
    )


def _timestamp(text: str, field: TableFieldSchema) -> str:
    return (
        f"CASE WHEN regexp_full_match({text}, '{_SECONDS}') "
        f"THEN make_timestamptz(CAST(CAST({text} AS DECIMAL(24, 6)) * 1000000 AS BIGINT)) "
        f"ELSE CAST({text} AS TIMESTAMPTZ) END"
    )


_CONVERSIONS = {
    "BYTES": _bytes,
    "GEOGRAPHY": _geography_of_text,
    "INTERVAL": _interval,
    "RANGE": _range,
    "TIMESTAMP": _timestamp,
}
