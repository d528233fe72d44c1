"""What a file of sql/ cannot say of an object that exists.

The file is written and read again as the program reads it, so that a clause which no resource
carries has the reader's own words. What DDL of ours never writes is looked for by name: fields
of the API's answer that neither the file carries nor the server makes up.
https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#Table
https://cloud.google.com/bigquery/docs/reference/rest/v2/routines#Routine
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from bqstack.adopt import written_ddl
from bqstack.adopt.survey_parts import Live
from bqstack.catalogue import Kind
from bqstack.catalogue.ddl import read
from bqstack.catalogue.render import text_of
from bqstack.errors import UserError
from bqstack.unchecked import JsonMapping, JsonObject
from gcptypes.records import ROUTINE, TABLE

_TABLE_FIELDS = frozenset(
    {
        *("clustering", "description", "labels", "materializedView", "rangePartitioning"),
        *("requirePartitionFilter", "schema", "tableConstraints", "timePartitioning", "view"),
    }
)
_ROUTINE_FIELDS = frozenset(
    {
        *("arguments", "definitionBody", "description", "language", "returnTableType"),
        *("returnType", "routineType"),
    }
)
# What the server says of an object by itself.
_SERVED = re.compile(
    r"num[A-Z].*|kind|etag|id|selfLink|\w+Reference|creationTime|lastModifiedTime|location|type"
    r"|streamingBuffer|cloneDefinition|materializedViewStatus|replicas|lastRefreshTime"
)
# Of a column; what is not here is neither written nor refused by the reader.
_COLUMN_FIELDS = frozenset(
    {
        *("collation", "defaultValueExpression", "description", "fields", "maxLength", "mode"),
        *("name", "policyTags", "precision", "rangeElementType", "roundingMode", "scale", "type"),
    }
)
_NOTHING: tuple[Any, ...] = (None, "", [], {}, False)
# Values that mean the same as none, where these are others than nothing.
_DEFAULTS: dict[str, tuple[Any, ...]] = {
    "defaultRoundingMode": (*_NOTHING, "ROUNDING_MODE_UNSPECIFIED"),
    "determinismLevel": (*_NOTHING, "DETERMINISM_LEVEL_UNSPECIFIED"),
    "strictMode": (None, True),
    "timestampPrecision": (*_NOTHING, 6, "6"),
}
_VIEW_FIELDS = frozenset({"query", "useLegacySql", "useExplicitColumnNames"})
_MATERIALIZED_FIELDS = frozenset(
    {"query", "enableRefresh", "refreshIntervalMs", "lastRefreshTime", "maxStaleness"}
)
_KINDS = ("snapshot", "external table", "aggregate function")
_OWN_LABEL = "goog-"
_REST = re.compile(r" is not supported by this program, so it would never reach BigQuery$")


def refusals(
    one: Live,
    known: Collection[str],
    project: str,
    dataset: str,
    labels: Mapping[str, str],
    key: str = "",
) -> list[str]:
    """Why no file can declare the object, in words; empty for one that a file declares whole.

    `known` are the names of all objects that exist or are declared, `labels` those that the
    program gives to every table by itself, `key` is the dataset's for encryption.
    """
    if one.kind in _KINDS or one.kind not in _ALL_KINDS:
        return [f"a {one.kind}" if one.kind[:1] not in "aeiou" else f"an {one.kind}"]
    found = list(_left_out(one, labels, key))
    try:
        kind = Kind(written_ddl.folder(one.type, one.inputs))
        path = Path("sql") / kind.value / f"{one.name}.sql"
        text = text_of(
            written_ddl.statement(one.type, one.inputs),
            path,
            {"project": project, "dataset": dataset},
        )
        item = read(kind, text, path, project, dataset)
    except UserError as error:
        value = f": {error.value}" if error.value else ""
        return [*found, _REST.sub("", error.message) + value]
    unknown = sorted({ref.name for ref in item.references if ref.name not in known})
    return [
        *found,
        *(f"it reads {name}, which is not an object of the dataset" for name in unknown),
    ]


def unknown(one: Live) -> list[str]:
    """What the object has, and neither its inputs nor the program's can say."""
    compared = {*one.inputs, *(_ROUTINE_FIELDS if one.type == ROUTINE else _TABLE_FIELDS)}
    rest = {key: value for key, value in one.answer.items() if key not in compared}
    views = _of_a_view(one.answer) if one.type == TABLE else ()
    return [*_fields(rest), *views]


def _left_out(one: Live, labels: Mapping[str, str], key: str) -> Iterator[str]:
    """Fields of the API's answer that the file does not carry."""
    answer = one.answer
    carried = _ROUTINE_FIELDS if one.type == ROUTINE else _TABLE_FIELDS
    carried |= {"encryptionConfiguration"}
    yield from _fields({name: value for name, value in answer.items() if name not in carried})
    # A table has the key of its dataset by itself; Google's answer adds the version in use.
    own = str((answer.get("encryptionConfiguration") or {}).get("kmsKeyName", ""))
    if own.partition("/cryptoKeyVersions/")[0] not in ("", key):
        yield f"encryption by {own}, which is not the dataset's key"
    for name, value in sorted((answer.get("labels") or {}).items()):
        if labels.get(name) != value and not name.startswith(_OWN_LABEL):
            yield f"label {name} = {value}"
    if one.type == TABLE:
        yield from _of_a_view(answer)
        yield from _of_columns(answer)


def _of_columns(answer: JsonMapping) -> Iterator[str]:
    for name, field in _columns((answer.get("schema") or {}).get("fields") or []):
        rest = {key: value for key, value in field.items() if key not in _COLUMN_FIELDS}
        if not answer.get("view") and not answer.get("materializedView"):
            yield from (f"column {name}: {found}" for found in _fields(rest))


def _fields(answer: JsonMapping) -> Iterator[str]:
    for key, value in sorted(answer.items()):
        if not _SERVED.fullmatch(key) and value not in _DEFAULTS.get(key, _NOTHING):
            yield f"{key} {_shown(value)}"


def _of_a_view(answer: JsonMapping) -> Iterator[str]:
    view = answer.get("view") or answer.get("materializedView")
    if not view:
        return
    if view.get("useLegacySql"):
        yield "a view in legacy SQL"
    known = _VIEW_FIELDS if "view" in answer else _MATERIALIZED_FIELDS
    for key in sorted(view.keys() - known):
        if view[key] not in (None, "", [], {}, False):
            yield f"{key} {_shown(view[key])}"
    for name, field in _columns((answer.get("schema") or {}).get("fields") or []):
        for key in ("description", "policyTags", "dataPolicies"):
            if field.get(key) not in (None, "", [], {}, {"names": []}):
                yield f"{key} of column {name}"


def _columns(fields: list[JsonObject], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for field in fields:
        name = f"{prefix}{field['name']}"
        yield name, field
        yield from _columns(field.get("fields") or [], f"{name}.")


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


_ALL_KINDS = frozenset(
    {
        *("table", "view", "materialized view", "snapshot", "external table"),
        *("function", "table function", "procedure", "aggregate function"),
    }
)
