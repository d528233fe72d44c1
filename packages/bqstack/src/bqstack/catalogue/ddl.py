"""From a cut CREATE statement to the object that it declares.

Everything in a statement is either read here or refused by name: a clause that no resource
carries would stand in the file and never reach BigQuery.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from sqlglot.tokenizer_core import Token

from bqstack.catalogue import columns, data_types, scan
from bqstack.catalogue.header import Header
from bqstack.catalogue.options import Option
from bqstack.catalogue.sql_objects import (
    ROUTINE_KINDS,
    TABLE_KINDS,
    Argument,
    Kind,
    MaterializedView,
    Routine,
    SqlObject,
    Table,
    View,
)
from bqstack.errors import UserError

# The words before the name that each kind's file must start with: tables are never
# replaced, because that would drop their rows (spec objects.md 10).
_WORDS = {
    **dict.fromkeys(TABLE_KINDS, "CREATE TABLE IF NOT EXISTS"),
    Kind.FUNCTION: "CREATE OR REPLACE FUNCTION",
    Kind.TABLE_FUNCTION: "CREATE OR REPLACE TABLE FUNCTION",
    Kind.PROCEDURE: "CREATE OR REPLACE PROCEDURE",
    Kind.VIEW: "CREATE OR REPLACE VIEW",
    Kind.MATERIALIZED_VIEW: "CREATE MATERIALIZED VIEW IF NOT EXISTS",
}
# What a resource carries of OPTIONS; the rest would stand in the file and never reach Google.
_OPTIONS = {
    **dict.fromkeys(
        TABLE_KINDS, ("description", "partition_expiration_days", "require_partition_filter")
    ),
    Kind.MATERIALIZED_VIEW: ("description", "enable_refresh", "refresh_interval_minutes"),
}
_OTHER_OPTIONS = ("description",)
_MOST_CLUSTERS = 4
_UNITS = ("HOUR", "DAY", "MONTH", "YEAR")
_TRUNCATIONS = ("DATE_TRUNC", "DATETIME_TRUNC", "TIMESTAMP_TRUNC")
_LOAD_TIME = ("_PARTITIONDATE", "_PARTITIONTIME")
_ONLY_SQL = "write it in SQL; routines of other languages are made outside of this program"


def read(kind: Kind, sql: str, path: Path, project: str, dataset: str) -> SqlObject:
    """The object that the rendered file declares; raises UserError with file and line."""
    try:
        statement = scan.scan(sql)
    except scan.ScanError as error:
        raise UserError(str(error), file=path, line=error.line) from None
    _check_header(kind, statement, path, project, dataset)
    common = {
        "name": statement.name,
        "kind": kind,
        "path": path,
        "sql": sql,
        "references": tuple(
            reference
            for reference in scan.references(statement.tokens, project, dataset)
            if reference.name != statement.name
        ),
    }
    reader = _Reader(kind, statement, sql, path, (project, dataset))
    if kind in TABLE_KINDS:
        return reader.table(common)
    if kind in ROUTINE_KINDS:
        return reader.routine(common)
    return reader.view(common)


def _check_header(
    kind: Kind, statement: scan.Statement, path: Path, project: str, dataset: str
) -> None:
    expected = _WORDS[kind]
    words = " ".join(statement.words)
    if "AGGREGATE" in statement.words:
        raise _not_declared("an aggregate function", path, 1)
    if words != expected:
        raise UserError(
            f"a file in sql/{kind.value}/ starts with {expected}", file=path, line=1, value=words
        )
    if statement.qualifier != (project, dataset):
        raise UserError(
            "the object's name must be qualified",
            file=path,
            line=statement.name_line,
            value=".".join([*statement.qualifier, statement.name]),
            fix=f"`{{{{ project }}}}`.`{{{{ dataset }}}}`.{statement.name}",
        )
    if statement.name != path.stem:
        raise UserError(
            f"the file is named {path.stem!r} but creates {statement.name!r}",
            file=path,
            line=statement.name_line,
            fix=f"rename the file to {statement.name}.sql or the object to {path.stem}",
        )
    joined = scan.joined_references(statement.tokens, project, dataset)
    if joined:
        raise UserError(
            "each part of a reference is quoted on its own",
            file=path,
            line=joined[0].line,
            value=f"`{joined[0].name}`",
            fix="`{{ project }}`.`{{ dataset }}`.name",
        )


def _not_declared(what: str, path: Path, line: int | None = None) -> UserError:
    return UserError(
        f"{what} is nothing that this program declares, so it would never reach BigQuery",
        file=path,
        line=line,
        fix="take it out, or teach it to components/ and packages/bqstack/src/bqstack/catalogue/",
    )


class _Reader:
    """One statement; what is taken from its header is taken out of it."""

    def __init__(
        self, kind: Kind, statement: scan.Statement, sql: str, path: Path, place: tuple[str, str]
    ) -> None:
        self._kind, self._statement, self._sql, self._path = kind, statement, sql, path
        self._place = place
        self._header = Header(sql, statement.header)

    def table(self, common: dict[str, Any]) -> Table:
        """A table: columns, keys, layout, lifetime."""
        header, statement = self._header, self._statement
        if header.list is None and not header.clauses and not statement.body:
            self._fail("the table has no columns", statement.name_line)
        partitioning, clustering = self._partitioning(), self._clustering()
        options = self._options()
        self._refuse_the_rest()
        if statement.body:
            self._refuse(scan.slice_text(self._sql, statement.body), statement.body[0].line)
        found = self._columns()
        for name in ("partition_expiration_days", "require_partition_filter"):
            if name in options and partitioning is None and not options[name].is_null:
                self._fail(
                    f"{name} of a table without partitions",
                    options[name].line,
                    "add PARTITION BY, or take the option out",
                )
        return Table(
            **common,
            description=self._text(options, "description"),
            schema=tuple(found.schema),
            partitioning=partitioning,
            partition_expiration_days=self._number(options, "partition_expiration_days"),
            require_partition_filter=self._truth(
                options, "require_partition_filter", default=False
            ),
            clustering=clustering,
            primary_key=found.primary_key,
            foreign_keys=tuple(found.foreign_keys),
        )

    def _columns(self) -> columns.Columns:
        try:
            return columns.read(self._sql, self._header.list or [], self._place)
        except columns.NoType as error:
            raise UserError(
                f"column {error.column} has an unknown type",
                file=self._path,
                line=error.line,
                value=str(error),
                fix=error.fix,
            ) from None
        except columns.Refused as error:
            if error.fix is None:
                raise _not_declared(str(error), self._path, error.line) from None
            raise UserError(str(error), file=self._path, line=error.line, fix=error.fix) from None

    def routine(self, common: dict[str, Any]) -> Routine:
        """A function, table function or procedure."""
        header, statement, kind = self._header, self._statement, self._kind
        language = header.take("LANGUAGE")
        if language and [token.text.upper() for token in language.rest] != ["SQL"]:
            what = f"a routine in {scan.slice_text(self._sql, language.rest)}"
            self._refuse(what, language.line, _ONLY_SQL)
        if remote := header.take("REMOTE"):
            self._refuse("a remote function", remote.line, _ONLY_SQL)
        returns = None if kind is Kind.PROCEDURE else header.take("RETURNS")
        if not statement.body:
            self._refuse_the_rest()
            self._fail("the routine has no body", statement.name_line)
        if kind is Kind.FUNCTION:
            body = self._function_body()
        else:
            body = scan.slice_text(self._sql, statement.body)
        options = self._options()
        self._refuse_the_rest()
        is_table = kind is Kind.TABLE_FUNCTION
        return Routine(
            **common,
            description=self._text(options, "description"),
            arguments=tuple(map(self._argument, scan.split(header.list or []))),
            returns=self._type(returns.rest) if returns and not is_table else None,
            returns_table=self._result_table(returns.rest) if returns and is_table else None,
            body=body,
        )

    def view(self, common: dict[str, Any]) -> View:
        """A view or a materialized view."""
        header, statement = self._header, self._statement
        if not statement.body:
            self._fail("the view has no query", statement.name_line)
        if header.list is not None:
            self._fail(
                "a view names its columns in the query, not in a column list", header.list_line
            )
        if scan.is_at(statement.body, 0, "REPLICA", "OF"):
            self._refuse("a replica of a materialized view", statement.body[0].line)
        plain = self._kind is Kind.VIEW
        partitioning = None if plain else self._partitioning()
        clustering = () if plain else self._clustering()
        options = self._options()
        self._refuse_the_rest()
        query = scan.slice_text(self._sql, statement.body)
        description = self._text(options, "description")
        if plain:
            return View(**common, description=description, query=query)
        return MaterializedView(
            **common,
            description=description,
            query=query,
            partitioning=partitioning,
            clustering=clustering,
            enable_refresh=self._truth(options, "enable_refresh", default=True),
            refresh_interval_minutes=self._number(options, "refresh_interval_minutes") or 30,
        )

    def _function_body(self) -> str:
        """The expression in the parentheses; what follows them belongs to the header."""
        body = self._statement.body
        if not scan.is_mark(body[0], "("):
            self._fail("a function's body must stand in parentheses", body[0].line)
        held, end = scan.inside(body, 0)
        self._header.clauses += Header(self._sql, body[end:]).clauses
        if not held:
            self._fail("the function's body is empty", body[0].line)
        # With the comments beside the parentheses.
        return self._sql[body[0].end + 1 : body[end - 1].start].strip()

    def _argument(self, tokens: Sequence[Token]) -> Argument:
        mode = None
        if self._kind is Kind.PROCEDURE:
            mode = "IN"
            # A name may be one of these words, too.
            if len(tokens) > 2 and tokens[0].text.upper() in ("IN", "OUT", "INOUT"):
                mode, tokens = tokens[0].text.upper(), tokens[1:]
        name, written = tokens[0].text, tokens[1:]
        if not written:
            self._fail(f"argument {name} has no type", tokens[0].line)
        if scan.is_at(written, 0, "ANY", "TYPE"):
            kind, end = None, 2
        elif scan.is_at(written, 0, "TABLE", "<"):
            self._refuse(f"argument {name}: a table", written[0].line)
        else:
            found, end = self._read_type(written)
            kind = data_types.standard(found)
        if end < len(written):
            rest = written[end:]
            what = f"argument {name}: {scan.slice_text(self._sql, rest)}"
            if scan.is_mark(rest[0], "DEFAULT"):
                self._fail(
                    f"{what}; BigQuery has no default of an argument",
                    rest[0].line,
                    "take it out, and give every caller's value or NULL and a COALESCE",
                )
            self._refuse(what, rest[0].line)
        return Argument(name, kind, mode)

    def _type(self, tokens: Sequence[Token]) -> dict[str, Any]:
        if scan.is_at(tokens, 0, "ANY", "TYPE"):
            self._refuse("RETURNS ANY TYPE", tokens[0].line, "leave the result out")
        found, end = self._read_type(tokens)
        if end < len(tokens):
            self._refuse(scan.slice_text(self._sql, tokens[end:]), tokens[end].line)
        return data_types.standard(found)

    def _read_type(self, tokens: Sequence[Token]) -> tuple[data_types.Type, int]:
        try:
            found, end = data_types.read(tokens, 0)
        except data_types.UnknownType as error:
            raise UserError(
                "unknown type",
                file=self._path,
                line=tokens[0].line if tokens else self._statement.name_line,
                value=scan.slice_text(self._sql, tokens),
                fix=error.fix,
            ) from None
        if any(found.parameters for found in _all_types(found)):
            written = scan.slice_text(self._sql, tokens[:end])
            self._fail(
                f"{written} of a routine: only a column's type has parameters",
                tokens[0].line,
                f"write {found.name}",
            )
        return found, end

    def _result_table(self, tokens: Sequence[Token]) -> dict[str, Any]:
        """StandardSqlTableType of RETURNS TABLE<name type, ...>."""
        held, end = scan.inside(tokens, 1) if len(tokens) > 1 else ([], 0)
        if not scan.is_at(tokens, 0, "TABLE", "<") or end < len(tokens):
            self._fail(
                "a table function returns TABLE<name type, ...>",
                tokens[0].line if tokens else self._statement.name_line,
                "write that, or leave it to the query",
            )
        fields = []
        for piece in scan.split(held):
            kind, behind = self._read_type(piece[1:])
            if behind + 1 < len(piece):
                self._refuse(scan.slice_text(self._sql, piece[behind + 1 :]), piece[0].line)
            fields.append({"name": piece[0].text, "type": data_types.standard(kind)})
        return {"columns": fields}

    def _partitioning(self) -> dict[str, str] | None:
        clause = self._header.take("PARTITION BY")
        if clause is None:
            return None
        tokens, unit = list(clause.rest), "DAY"
        if len(tokens) > 1 and scan.is_mark(tokens[1], "("):
            function = tokens[0].text.upper()
            held, end = scan.inside(tokens, 1)
            arguments = scan.split(held)
            if function == "DATE" and len(arguments) == 1:
                tokens = arguments[0] + tokens[end:]
            elif function in _TRUNCATIONS and len(arguments) == 2:
                tokens, unit = arguments[0] + tokens[end:], arguments[1][0].text.upper()
        written = scan.slice_text(self._sql, clause.rest)
        if len(tokens) != 1 or unit not in _UNITS or tokens[0].text.upper() in _LOAD_TIME:
            raise UserError(
                "partition by a column, DATE(column) or a truncation of it to HOUR, DAY, MONTH,"
                " YEAR",
                file=self._path,
                line=clause.line,
                value=written,
                fix="partitions by load time or by ranges of integers are nothing that this"
                " program declares",
            )
        return {"type": unit, "field": tokens[0].text}

    def _clustering(self) -> tuple[str, ...]:
        clause = self._header.take("CLUSTER BY")
        if clause is None:
            return ()
        pieces = scan.split(clause.rest)
        for piece in pieces:
            if len(piece) > 1:
                self._fail(
                    f"CLUSTER BY {scan.slice_text(self._sql, piece)}",
                    piece[0].line,
                    "cluster by columns",
                )
        if len(pieces) > _MOST_CLUSTERS:
            self._fail(
                f"CLUSTER BY {len(pieces)} columns", clause.line, f"take {_MOST_CLUSTERS} at most"
            )
        return tuple(piece[0].text for piece in pieces)

    def _options(self) -> dict[str, Option]:
        taken = _OPTIONS.get(self._kind, _OTHER_OPTIONS)
        found: dict[str, Option] = {}
        for option in self._header.options():
            if option.name not in taken:
                self._refuse(f"option {option.name}", option.line)
            if option.name in found:
                self._fail(f"option {option.name} stands twice", option.line, "remove one")
            found[option.name] = option
        return found

    def _text(self, options: dict[str, Option], name: str) -> str:
        option = options.get(name)
        if option is None or option.is_null:
            return ""
        if option.text is None:
            self._fail(f"{name} must be one text", option.line, value=option.written)
        return option.text

    def _number(self, options: dict[str, Option], name: str) -> float | None:
        option = options.get(name)
        if option is None or option.is_null:
            return None
        if option.number is None:
            self._fail(f"{name} must be a number", option.line, value=option.written)
        return option.number

    def _truth(self, options: dict[str, Option], name: str, *, default: bool) -> bool:
        option = options.get(name)
        if option is None or option.is_null:
            return default
        if option.truth is None:
            self._fail(f"{name} must be TRUE or FALSE", option.line, value=option.written)
        return option.truth

    def _refuse_the_rest(self) -> None:
        for clause in self._header.clauses:
            self._refuse(self._header.text(clause), clause.line)

    def _refuse(self, what: str, line: int, fix: str | None = None) -> NoReturn:
        error = _not_declared(what, self._path, line)
        raise UserError(error.message, file=self._path, line=line, fix=fix or error.fix)

    def _fail(
        self, what: str, line: int, fix: str | None = None, *, value: str | None = None
    ) -> NoReturn:
        raise UserError(what, file=self._path, line=line, fix=fix, value=value)


def _all_types(found: data_types.Type) -> list[data_types.Type]:
    below = [field.type for field in found.fields] + ([found.element] if found.element else [])
    return [found, *(deeper for kind in below for deeper in _all_types(kind))]
