"""The column list of a CREATE TABLE: schema and keys.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot.tokenizer_core import Token

from bqstack.catalogue import data_types, options, scan, table_rules
from bqstack.catalogue.sql_objects import ForeignKey
from bqstack.unchecked import JsonObject

# Clauses of a column that are not read here, or not in this place.
_CLAUSES = ("COLLATE", "GENERATED", "CONSTRAINT", "CHECK", "PRIMARY", "REFERENCES", "HIDDEN")
# https://cloud.google.com/bigquery/quotas
_MOST_COLUMNS = 10_000
# "Schema nested too deeply for field a.b.….o, maximum allowed depth is 15": BigQuery counts names,
# that of the column first and that of the innermost field last
# (https://github.com/bxparks/bigquery-schema-generator/issues/51). The page says "15 levels of
# nested RECORD types", which can be read as one more.
_MOST_LEVELS = 15
# Where a default ends.
_ENDS_OF_DEFAULT = (("NOT", "NULL"), ("OPTIONS", "("), ("PRIMARY", "KEY"), ("REFERENCES",))


class Refused(ValueError):
    """A clause that no resource carries, or that says what BigQuery does not take."""

    def __init__(self, what: str, line: int, fix: str | None = None) -> None:
        """Without a `fix` the clause is nothing that the program declares."""
        super().__init__(what)
        self.line, self.fix = line, fix


class NoType(ValueError):
    """A column whose type BigQuery does not have."""

    def __init__(self, column: str, line: int, error: data_types.UnknownType) -> None:
        super().__init__(str(error))
        self.column, self.line, self.fix = column, line, error.fix


@dataclass
class Columns:
    """What a column list declares; `schema` is in the form of TableFieldSchema."""

    schema: list[JsonObject] = field(default_factory=list)
    primary_key: tuple[str, ...] = ()
    primary_key_line: int = 1
    foreign_keys: list[ForeignKey] = field(default_factory=list)


def read(sql: str, held: Sequence[Token], place: tuple[str, str]) -> Columns:
    """The list between the parentheses; `place` is project and dataset of the table.

    Raises Refused and NoType.
    """
    found = Columns()
    for piece in scan.split(held):
        if not _constraint(found, sql, piece, place):
            found.schema.append(_column(found, sql, piece, place))
    lines: dict[str, list[int]] = {}
    for token in held:
        lines.setdefault(token.text.lower(), []).append(token.line)
    _check_names(found.schema, lines)
    for column in found.schema:
        _check_levels(column, lines[column["name"].lower()][0])
    if (number := _number(found.schema)) > _MOST_COLUMNS:
        raise Refused(
            f"a table of {number:,} columns, fields among them",
            held[0].line,
            f"BigQuery takes {_MOST_COLUMNS:,} at most: split the table",
        )
    return found


def _check_levels(column: JsonObject, line: int) -> None:
    levels, fields = 1, column.get("fields", [])
    while fields:
        levels += 1
        fields = [inner for field in fields for inner in field.get("fields", [])]
    if levels > _MOST_LEVELS:
        raise Refused(
            f"column {column['name']}: fields on {levels} levels, the column among them",
            line,
            f"BigQuery takes {_MOST_LEVELS} at most: keep the inner ones as JSON",
        )


def _number(schema: list[JsonObject]) -> int:
    return sum(1 + _number(column.get("fields", [])) for column in schema)


def _check_names(schema: list[JsonObject], lines: Mapping[str, Sequence[int]]) -> None:
    """Names that BigQuery takes, and that differ by more than case; `lines` by name."""
    seen: set[str] = set()
    for column in schema:
        name = column["name"].lower()
        try:
            table_rules.check_name(column["name"])
        except table_rules.Unfit as error:
            raise Refused(str(error), lines[name][0], error.fix) from None
        if name in seen:
            raise Refused(
                f"two columns are named {column['name']}: case makes no difference",
                lines[name][-1],
                "rename or remove one of them",
            )
        seen.add(name)
        _check_names(column.get("fields", []), lines)


def _constraint(found: Columns, sql: str, piece: list[Token], place: tuple[str, str]) -> bool:
    """Take a key of the table; False when the piece is a column."""
    at, name = 0, None
    if scan.is_at(piece, 0, "CONSTRAINT") and any(
        scan.is_at(piece, 2, *words) for words in (("PRIMARY", "KEY"), ("FOREIGN", "KEY"))
    ):
        at, name = 2, piece[1].text
    if scan.is_at(piece, at, "PRIMARY", "KEY", "("):
        held, end = scan.inside(piece, at + 2)
        _not_enforced(sql, piece, end, end=True)
        _take_primary(found, tuple(token.text for token in _names(held)), piece[at].line)
        return True
    if scan.is_at(piece, at, "FOREIGN", "KEY", "("):
        held, end = scan.inside(piece, at + 2)
        columns = tuple(token.text for token in _names(held))
        key, end = _reference(sql, piece, end, columns, name, place)
        _not_enforced(sql, piece, end, end=True)
        found.foreign_keys.append(key)
        return True
    if scan.is_at(piece, at, "CHECK", "("):
        raise Refused(scan.slice_text(sql, piece), piece[0].line)
    return False


def _column(found: Columns, sql: str, piece: list[Token], place: tuple[str, str]) -> JsonObject:
    name = piece[0].text
    try:
        kind, end = data_types.read(piece, 1)
    except data_types.UnknownType as error:
        if not str(error):
            error = data_types.UnknownType(name)
        raise NoType(name, piece[0].line, error) from None
    column = data_types.Field(name, kind, tuple(piece[end:]), piece[0].line)
    return _field(found, sql, column, place)


def _field(
    found: Columns | None, sql: str, column: data_types.Field, place: tuple[str, str]
) -> JsonObject:
    """TableFieldSchema of a column or a field of one, in the form that the API returns.

    Only a column has `found`, where its keys go.
    """
    if not column.name:
        raise Refused("a field has no name", column.line, "give each field of the STRUCT a name")
    kind, mode = column.type, "NULLABLE"
    if kind.name == "ARRAY" and kind.element is not None:
        kind, mode = kind.element, "REPEATED"
        if kind.name == "ARRAY":
            raise Refused(
                f"column {column.name}: an ARRAY of ARRAY",
                column.line,
                "ARRAY<STRUCT<values ARRAY<...>>>",
            )
    said = _Said(found, sql, column, place)
    said.read()
    if said.required and mode == "REPEATED":
        raise Refused(
            f"column {column.name}: NOT NULL of an ARRAY", column.line, "take it out: none is NULL"
        )
    if said.required:
        mode = "REQUIRED"
    schema: JsonObject = {"name": column.name, "mode": mode}
    if kind.name == "STRUCT":
        schema["type"] = "RECORD"
        schema["fields"] = [_field(None, sql, child, place) for child in kind.fields]
    else:
        schema |= data_types.table_type(kind)
    return schema | said.options


@dataclass
class _Said:
    """What stands behind the type of a column."""

    found: Columns | None
    sql: str
    column: data_types.Field
    place: tuple[str, str]
    required: bool = False
    options: dict[str, str] = field(default_factory=dict)

    def read(self) -> None:
        rest, at = self.column.rest, 0
        while at < len(rest):
            at = self._clause(rest, at)

    def _clause(self, rest: Sequence[Token], at: int) -> int:
        if scan.is_at(rest, at, "NOT", "NULL"):
            self.required = True
            return at + 2
        if scan.is_at(rest, at, "DEFAULT"):
            end = _end_of_default(rest, at + 1)
            self.options["defaultValueExpression"] = scan.slice_text(self.sql, rest[at + 1 : end])
            return end
        if scan.is_at(rest, at, "OPTIONS", "("):
            held, end = scan.inside(rest, at + 1)
            self._take_options(held)
            return end
        if self.found is not None and scan.is_at(rest, at, "PRIMARY", "KEY"):
            end = _not_enforced(self.sql, rest, at + 2)
            _take_primary(self.found, (self.column.name,), rest[at].line)
            return end
        named = scan.is_at(rest, at, "CONSTRAINT") and scan.is_at(rest, at + 2, "REFERENCES")
        if self.found is not None and (named or scan.is_at(rest, at, "REFERENCES")):
            name = rest[at + 1].text if named else None
            start = at + 2 if named else at
            columns = (self.column.name,)
            key, end = _reference(self.sql, rest, start, columns, name, self.place)
            self.found.foreign_keys.append(key)
            return _not_enforced(self.sql, rest, end)
        clause = f"column {self.column.name}: {scan.slice_text(self.sql, rest[at:])}"
        if any(scan.is_mark(rest[at], word) for word in _CLAUSES):
            raise Refused(clause, rest[at].line)
        raise Refused(f"SQL syntax: {clause}", rest[at].line, "is a comma missing before it?")

    def _take_options(self, held: list[Token]) -> None:
        for option in options.read(self.sql, held):
            where = f"column {self.column.name}: option {option.name}"
            if option.name != "description":
                raise Refused(where, option.line)
            if option.is_null:
                continue
            if option.text is None:
                raise Refused(f"{where} = {option.written}", option.line, "write it as one string")
            self.options["description"] = option.text


def _end_of_default(rest: Sequence[Token], at: int) -> int:
    for index, depth in enumerate(scan.depths(rest[at:]), at):
        if depth or index == at or scan.is_mark(rest[index - 1], "IS"):
            continue
        if any(scan.is_at(rest, index, *words) for words in _ENDS_OF_DEFAULT):
            return index
    return len(rest)


def _names(held: Sequence[Token]) -> list[Token]:
    return [piece[0] for piece in scan.split(held)]


def _take_primary(found: Columns, columns: tuple[str, ...], line: int) -> None:
    if found.primary_key:
        raise Refused(
            "a second primary key", line, "a table has one primary key; list all its columns in it"
        )
    found.primary_key, found.primary_key_line = columns, line


def _not_enforced(sql: str, tokens: Sequence[Token], at: int, *, end: bool = False) -> int:
    """Index behind NOT ENFORCED, which BigQuery demands of every key."""
    if not scan.is_at(tokens, at, "NOT", "ENFORCED"):
        line = tokens[min(at, len(tokens) - 1)].line
        raise Refused("a key that BigQuery would have to enforce", line, "add NOT ENFORCED")
    if end and at + 2 < len(tokens):
        raise Refused(scan.slice_text(sql, tokens[at + 2 :]), tokens[at + 2].line)
    return at + 2


def _reference(
    sql: str,
    tokens: Sequence[Token],
    at: int,
    columns: tuple[str, ...],
    name: str | None,
    place: tuple[str, str],
) -> tuple[ForeignKey, int]:
    """REFERENCES `project`.`dataset`.table(columns), and the index behind it."""
    opening = next((i for i in range(at, len(tokens)) if scan.is_mark(tokens[i], "(")), None)
    if not scan.is_at(tokens, at, "REFERENCES") or opening is None:
        raise Refused(scan.slice_text(sql, tokens), tokens[0].line)
    path = [token.text for token in tokens[at + 1 : opening] if not scan.is_mark(token, ".")]
    held, end = scan.inside(tokens, opening)
    if tuple(path[:-1]) != place:
        raise Refused(
            f"REFERENCES {'.'.join(path)}",
            tokens[at].line,
            "refer to a table of the dataset: `{{ project }}`.`{{ dataset }}`.name",
        )
    referenced = tuple(token.text for token in _names(held))
    if len(columns) != 1 or len(referenced) != 1:
        raise Refused(
            f"FOREIGN KEY ({', '.join(columns)})",
            tokens[at].line,
            "refer from one column to one: the provider's `column_references` is a single pair",
        )
    return ForeignKey(columns, path[-1], referenced, tokens[at].line, name), end
