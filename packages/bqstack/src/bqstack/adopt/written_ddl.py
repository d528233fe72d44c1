"""DDL of an object from its inputs, as a file of sql/ would say it.

Both what is there and what the program wants are written the same way, so that their
difference is one of content; what exists only live becomes a file to start from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal

from sqlglot.dialects.bigquery import BigQuery

from bqstack.catalogue import scan
from bqstack.guard.inputs import canonical
from bqstack.unchecked import JsonMapping
from gcptypes.records import ROUTINE, TABLE

_DAY_MS = 24 * 60 * 60 * 1000
_SQL_NAMES = {"BOOLEAN": "BOOL", "FLOAT": "FLOAT64", "INTEGER": "INT64", "RECORD": "STRUCT"}
_DATASET = "`{{ project }}`.`{{ dataset }}`."
# It and its parts, while braces of others are written for Jinja.
_MARK, _PROJECT_MARK, _DATASET_MARK = "\0", "\1", "\2"
# Words before the name of a table or procedure.
_BEFORE = "CALL|DELETE|FROM|INSERT|INTO|JOIN|MERGE|TABLE|UPDATE|USING"


def folder(type_: str, inputs: JsonMapping) -> str:
    """Folder of sql/ for the object."""
    if type_ == TABLE:
        if "view" in inputs:
            return "views"
        return "materialized_views" if "materializedView" in inputs else "tables"
    kinds = {"SCALAR_FUNCTION": "functions", "TABLE_VALUED_FUNCTION": "table_functions"}
    return kinds.get(str(inputs.get("routineType")), "procedures")


def statement(type_: str, inputs: JsonMapping) -> str:
    """The CREATE statement of a table, view or routine."""
    values = canonical(type_, inputs)
    text = _routine(values) if type_ == ROUTINE else _table(values)
    return _templated(text, str(values.get("project")), str(values.get("datasetId")))


def _table(values: JsonMapping) -> str:
    name = f"{_DATASET}{quoted(values['tableId'])}"
    options = [_option("description", values.get("description"))]
    if view := values.get("view"):
        return f"CREATE OR REPLACE VIEW {name}{_options(options)}\nAS\n{_query(view)};\n"
    layout = _layout(values)
    if view := values.get("materializedView"):
        if "refreshIntervalMs" in view:
            options.append("enable_refresh = " + str(bool(view.get("enableRefresh"))).upper())
            minutes = _number(int(view["refreshIntervalMs"]) / 60_000)
            options.append(f"refresh_interval_minutes = {minutes}")
        head = f"CREATE MATERIALIZED VIEW IF NOT EXISTS {name}{layout}{_options(options)}"
        return f"{head}\nAS\n{_query(view)};\n"
    if values.get("requirePartitionFilter"):
        options.append("require_partition_filter = TRUE")
    if kept := (values.get("timePartitioning") or {}).get("expirationMs"):
        options.append(f"partition_expiration_days = {_number(int(kept) / _DAY_MS)}")
    lines = [_column(field) for field in values.get("schema") or []]
    lines += _keys(values.get("tableConstraints") or {}, values)
    inner = ",\n".join(f"    {line}" for line in lines)
    head = f"CREATE TABLE IF NOT EXISTS {name} (\n{inner}\n)"
    return f"{head}{layout}{_options(options)};\n"


def _routine(values: JsonMapping) -> str:
    kind = str(values.get("routineType"))
    word = {"SCALAR_FUNCTION": "FUNCTION", "TABLE_VALUED_FUNCTION": "TABLE FUNCTION"}.get(
        kind, "PROCEDURE"
    )
    arguments = ", ".join(_argument(one) for one in values.get("arguments") or [])
    head = f"CREATE OR REPLACE {word} {_DATASET}{quoted(values['routineId'])}({arguments})"
    returns = values.get("returnType")
    if returns:
        head += f"\nRETURNS {written_type(returns)}"
    elif result := values.get("returnTableType"):
        columns = (f"{quoted(c['name'])} {written_type(c['type'])}" for c in result["columns"])
        head += f"\nRETURNS TABLE<{', '.join(columns)}>"
    body = str(values.get("definitionBody", "")).strip()
    options = _options([_option("description", values.get("description"))])
    if word == "PROCEDURE":
        return f"{head}{options}\n{body.rstrip(';')};\n"
    if (language := str(values.get("language", "SQL")).upper()) != "SQL":
        word = {"JAVASCRIPT": "js"}.get(language, language.lower())
        marks = "'''" if '"""' in body else '"""'
        return f"{head}\nLANGUAGE {word}{options}\nAS r{marks}\n{body}\n{marks};\n"
    # A table function's body is a query, with parentheses only where it has its own.
    if word == "TABLE FUNCTION":
        return f"{head}{options}\nAS\n{body};\n"
    return f"{head}{options}\nAS (\n    {body}\n);\n"


def _argument(argument: JsonMapping) -> str:
    mode = argument.get("mode", "")
    kind = (
        "ANY TYPE"
        if argument.get("argumentKind") == "ANY_TYPE"
        else written_type(argument.get("dataType") or {})
    )
    shown = f"{mode} " if mode in ("OUT", "INOUT") else ""
    return f"{shown}{quoted(argument.get('name', ''))} {kind}".strip()


def written_type(data_type: JsonMapping) -> str:
    """A StandardSqlDataType as SQL has it."""
    kind = str(data_type.get("typeKind", ""))
    if kind == "ARRAY":
        return f"ARRAY<{written_type(data_type['arrayElementType'])}>"
    if kind == "RANGE":
        return f"RANGE<{written_type(data_type['rangeElementType'])}>"
    if kind == "STRUCT":
        fields = (data_type.get("structType") or {}).get("fields") or []
        inner = ", ".join(
            f"{quoted(f.get('name', ''))} {written_type(f['type'])}".strip() for f in fields
        )
        return f"STRUCT<{inner}>"
    return kind


def _column(field: JsonMapping) -> str:
    parts = [quoted(field["name"]), _type(field)]
    if field.get("collation"):
        parts.append(f"COLLATE {_text(field['collation'])}")
    if field.get("defaultValueExpression"):
        parts.append(f"DEFAULT {field['defaultValueExpression']}")
    if field.get("mode") == "REQUIRED":
        parts.append("NOT NULL")
    # What the program cannot declare is written all the same: the catalogue refuses it by name,
    # where leaving it out would take it from the column.
    tags = ", ".join(map(_text, (field.get("policyTags") or {}).get("names") or []))
    options = [
        _option("description", field.get("description")),
        f"policy_tags = [{tags}]" if tags else "",
        _option("rounding_mode", field.get("roundingMode")),
    ]
    if any(options):
        parts.append(f"OPTIONS ({', '.join(option for option in options if option)})")
    return " ".join(parts)


def _type(field: JsonMapping) -> str:
    kind = str(field["type"]).upper()
    name = _SQL_NAMES.get(kind, kind)
    if name == "STRUCT":
        inner = ", ".join(_column(one) for one in field.get("fields") or [])
        name = f"STRUCT<{inner}>"
    elif "maxLength" in field:
        name += f"({field['maxLength']})"
    elif "precision" in field:
        name += f"({', '.join(str(field[k]) for k in ('precision', 'scale') if k in field)})"
    elif element := (field.get("rangeElementType") or {}).get("type"):
        name += f"<{element}>"
    return f"ARRAY<{name}>" if field.get("mode") == "REPEATED" else name


def _layout(values: JsonMapping) -> str:
    lines = []
    if time := values.get("timePartitioning"):
        lines.append(f"PARTITION BY {_partition(time, values.get('schema') or [])}")
    if span := values.get("rangePartitioning"):
        limits = span["range"]
        steps = f"{limits['start']}, {limits['end']}, {limits['interval']}"
        lines.append(f"PARTITION BY RANGE_BUCKET({quoted(span['field'])}, GENERATE_ARRAY({steps}))")
    if clusters := values.get("clusterings"):
        lines.append(f"CLUSTER BY {', '.join(map(quoted, clusters))}")
    return "".join(f"\n{line}" for line in lines)


def _partition(time: JsonMapping, columns: list[JsonMapping]) -> str:
    field, unit = time.get("field"), time.get("type", "DAY")
    if not field:
        return "_PARTITIONDATE" if unit == "DAY" else f"TIMESTAMP_TRUNC(_PARTITIONTIME, {unit})"
    kind = next((c["type"] for c in columns if c["name"] == field), "TIMESTAMP")
    name = quoted(field)
    if unit == "DAY":
        return name if kind == "DATE" else f"DATE({name})"
    return f"{kind}_TRUNC({name}, {unit})"


def _keys(constraints: JsonMapping, values: JsonMapping) -> Iterator[str]:
    if columns := (constraints.get("primaryKey") or {}).get("columns"):
        yield f"PRIMARY KEY ({', '.join(map(quoted, columns))}) NOT ENFORCED"
    for key in constraints.get("foreignKeys") or []:
        pairs = key["columnReferences"]
        pairs = pairs if isinstance(pairs, list) else [pairs]
        own = ", ".join(quoted(pair["referencingColumn"]) for pair in pairs)
        other = ", ".join(quoted(pair["referencedColumn"]) for pair in pairs)
        place = [key["referencedTable"][part] for part in ("projectId", "datasetId", "tableId")]
        table = f"`{place[0]}`.`{place[1]}`.{quoted(place[2])}"
        yield (
            f"CONSTRAINT {quoted(key['name'])} FOREIGN KEY ({own}) REFERENCES {table} ({other})"
            " NOT ENFORCED"
        )


def quoted(name: str) -> str:
    """A name in SQL, with backticks where it needs them."""
    plain = re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)
    reserved = name.lower() in BigQuery.Generator.RESERVED_KEYWORDS
    return name if not name or (plain and not reserved) else f"`{name}`"


def _query(view: JsonMapping) -> str:
    return str(view.get("query", "")).strip().rstrip(";").rstrip()


def _options(options: list[str]) -> str:
    given = [option for option in options if option]
    if not given:
        return ""
    inner = ",\n".join(f"    {option}" for option in given)
    return f"\nOPTIONS (\n{inner}\n)"


def _option(key: str, value: str | None) -> str:
    return f"{key} = {_text(value)}" if value else ""


def _text(value: str) -> str:
    """A SQL text in single quotes."""
    inner = json.dumps(value, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inner}'"


def _number(value: float) -> str:
    """All of its digits, and no exponent: each stands for a part of the milliseconds."""
    return format(Decimal(repr(value)), "f").removesuffix(".0")


def _templated(text: str, project: str, dataset: str) -> str:
    """The text with names of this dataset as templates have them, and nothing else for Jinja.

    A name within a text or a comment keeps its form: the text is rendered as people wrote it.
    """
    words = _not_code(text)

    def named(found: re.Match[str]) -> str:
        if any(start < found.end() and found.start() < end for start, end in words):
            return _in_text(found, project, dataset)
        before, name = found["before"] or "", next(filter(None, found.group(*_NAMES)), "")
        # One that lacks its project may be a field, but not in these places.
        if (
            not name
            or found["project"]
            or found["whole"]
            or before
            or text[found.end() :].lstrip().startswith("(")
        ):
            return before + _MARK + ".".join(map(quoted, filter(None, name.split("."))))
        return found[0]

    text = _own_names(project, dataset).sub(named, text)
    text = re.sub(r"\{([{%#])", r"{{ '{\1' }}", text).replace(_MARK, _DATASET)
    return text.replace(_PROJECT_MARK, "{{ project }}").replace(_DATASET_MARK, "{{ dataset }}")


def _in_text(found: re.Match[str], project: str, dataset: str) -> str:
    if not (found["project"] or found["whole"]):
        return found[0]
    before, own, after = found[0].partition(project)
    return f"{before}{_PROJECT_MARK}{after.replace(dataset, _DATASET_MARK, 1)}" if own else before


# Groups of the pattern below.
_NAMES = ("joined", "quoted", "bare")


def _own_names(project: str, dataset: str) -> re.Pattern[str]:
    """What we wrote, and names of the dataset: in one pair of backticks, in several, in none."""
    project, dataset = (f"(?-i:{re.escape(one)})" for one in (project, dataset))
    start = rf"(?:(?P<project>`{project}\.{dataset}`|`?{project}`?\.`?{dataset}`?)|`?{dataset}`?)"
    return re.compile(
        rf"{re.escape(_DATASET)}"
        rf"|(?P<before>\b(?:{_BEFORE})\s+)?(?<![\w.`-])"
        rf"(?:`(?:(?P<whole>{project})\.)?{dataset}\.(?P<joined>[^`\n]+)`"
        rf"|{start}\.(?:`(?P<quoted>[^`]+)`|(?P<bare>\w+)))",
        re.IGNORECASE,
    )


def _not_code(text: str) -> list[tuple[int, int]]:
    """Where texts and comments are; everywhere if nobody can read it."""
    try:
        tokens = scan.tokenize(text)
    except scan.ScanError:
        return [(0, len(text))]
    found, end = [], 0
    for token in tokens:
        if text[end : token.start].strip():
            found.append((end, token.start))
        if token.token_type in scan.TEXTS:
            found.append((token.start, token.end + 1))
        end = token.end + 1
    return [*found, (end, len(text))]
