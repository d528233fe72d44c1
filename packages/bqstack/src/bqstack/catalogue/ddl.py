"""From a cut CREATE statement to the object that it declares."""

from __future__ import annotations

from pathlib import Path

from bqstack.catalogue import columns, scan, table_rules
from bqstack.catalogue.routine_ddl import RoutineReader
from bqstack.catalogue.sql_objects import (
    ROUTINE_KINDS,
    TABLE_KINDS,
    Kind,
    MaterializedView,
    SqlObject,
    Table,
    View,
)
from bqstack.catalogue.statement_reader import Partitioning, StatementReader, not_declared
from bqstack.errors import UserError
from bqstack.unchecked import JsonObject

# The words before the name that each kind's file must start with: tables are never
# replaced, because that would drop their rows.
_WORDS = {
    **dict.fromkeys(TABLE_KINDS, "CREATE TABLE IF NOT EXISTS"),
    Kind.FUNCTION: "CREATE OR REPLACE FUNCTION",
    Kind.TABLE_FUNCTION: "CREATE OR REPLACE TABLE FUNCTION",
    Kind.PROCEDURE: "CREATE OR REPLACE PROCEDURE",
    Kind.VIEW: "CREATE OR REPLACE VIEW",
    Kind.MATERIALIZED_VIEW: "CREATE MATERIALIZED VIEW IF NOT EXISTS",
}
# Kinds of objects that no resource carries, by their word.
_NOT_DECLARED = {
    "AGGREGATE": "an aggregate function",
    "EXTERNAL": "an external table",
    "SNAPSHOT": "a snapshot",
}


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
    _check_itself(kind, statement, path, project, dataset)
    given = (kind, statement, sql, path, (project, dataset))
    if kind in TABLE_KINDS:
        return _TableReader(*given).table(common)
    if kind in ROUTINE_KINDS:
        return RoutineReader(*given).routine(common)
    return _ViewReader(*given).view(common)


def _check_header(
    kind: Kind, statement: scan.Statement, path: Path, project: str, dataset: str
) -> None:
    expected = _WORDS[kind]
    words = " ".join(statement.words)
    for word, what in _NOT_DECLARED.items():
        if word in statement.words:
            raise not_declared(what, path, 1)
    if words != expected:
        raise UserError(
            f"a file in sql/{kind.value}/ starts with {expected}", file=path, line=1, value=words
        )
    if statement.qualifier != (project, dataset):
        raise UserError(
            "the object's name must include project and dataset",
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
            fix=f"rename the file to {statement.name}.sql, or the object to {path.stem}",
        )
    joined = scan.joined_references(statement.tokens, project, dataset)
    if joined:
        raise UserError(
            "quote each part of a reference separately",
            file=path,
            line=joined[0].line,
            value=f"`{joined[0].name}`",
            fix="`{{ project }}`.`{{ dataset }}`.name",
        )


def _check_itself(
    kind: Kind, statement: scan.Statement, path: Path, project: str, dataset: str
) -> None:
    """A procedure may call itself; nothing else is there before it is made."""
    if kind in TABLE_KINDS or kind is Kind.PROCEDURE:
        return
    named = [
        reference
        for reference in scan.references(statement.tokens, project, dataset)
        if reference.name.lower() == statement.name.lower()
    ]
    # The first is its own name.
    if len(named) > 1:
        raise UserError(
            f"{statement.name} refers to itself",
            file=path,
            line=named[1].line,
            fix="a query may refer to itself in WITH RECURSIVE only, a function not at all",
        )


class _TableReader(StatementReader):
    """The statement of a table."""

    def table(self, common: JsonObject) -> Table:
        """A table: columns, keys, layout, lifetime."""
        header, statement = self.header, self.statement
        if header.list is None and not header.clauses and not statement.body:
            self.fail("the table has no columns", statement.name_line)
        partitioning, clustering = self.partitioning(), self.clustering()
        options = self.options()
        self.refuse_the_rest()
        if statement.body:
            self.refuse(scan.slice_text(self.sql, statement.body), statement.body[0].line)
        found = self._columns()
        self._fit(found, partitioning, clustering)
        for name in ("partition_expiration_days", "require_partition_filter"):
            if name in options and partitioning is None and not options[name].is_null:
                self.fail(
                    f"{name} of a table without partitions",
                    options[name].line,
                    "add PARTITION BY, or remove the option",
                )
        return Table(
            **common,
            description=self.text(options, "description"),
            schema=tuple(found.schema),
            partitioning=partitioning.declared if partitioning else None,
            partition_expiration_days=self.number(options, "partition_expiration_days"),
            require_partition_filter=self.truth(options, "require_partition_filter", default=False),
            clustering=clustering,
            primary_key=found.primary_key,
            foreign_keys=tuple(found.foreign_keys),
        )

    def _fit(
        self,
        found: columns.Columns,
        partitioning: Partitioning | None,
        clustering: tuple[str, ...],
    ) -> None:
        """Refuse a layout or key that BigQuery does not take of such columns."""
        line = self.statement.name_line
        try:
            for key in found.foreign_keys:
                line = key.line
                if key.table == self.statement.name:
                    self.fail("a foreign key refers to its own table", line, "take it out")
                table_rules.check_keys(found.schema, (), key.columns)
            line = found.primary_key_line
            table_rules.check_keys(found.schema, found.primary_key, ())
            if partitioning is not None:
                line = partitioning.line
                table_rules.check_partition(
                    found.schema, partitioning.column, partitioning.function, partitioning.unit
                )
            line = self.clustering_line
            table_rules.check_clusters(found.schema, clustering)
        except table_rules.Unfit as error:
            self.fail(str(error), line, error.fix)

    def _columns(self) -> columns.Columns:
        try:
            return columns.read(self.sql, self.header.list or [], self.place)
        except columns.NoType as error:
            raise UserError(
                f"column {error.column} has an unknown type",
                file=self.path,
                line=error.line,
                value=str(error),
                fix=error.fix,
            ) from None
        except columns.Refused as error:
            if error.fix is None:
                raise not_declared(str(error), self.path, error.line) from None
            raise UserError(str(error), file=self.path, line=error.line, fix=error.fix) from None


class _ViewReader(StatementReader):
    """The statement of a view or a materialized view."""

    def view(self, common: JsonObject) -> View:
        """A view or a materialized view."""
        header, statement = self.header, self.statement
        if not statement.body:
            self.fail("the view has no query", statement.name_line)
        if header.list is not None:
            self.fail(
                "a view names its columns in the query, not in a column list", header.list_line
            )
        if scan.is_at(statement.body, 0, "REPLICA", "OF"):
            self.refuse("a replica of a materialized view", statement.body[0].line)
        plain = self.kind is Kind.VIEW
        partitioning = None if plain else self.partitioning()
        clustering = () if plain else self.clustering()
        options = self.options()
        self.refuse_the_rest()
        query = scan.slice_text(self.sql, statement.body)
        description = self.text(options, "description")
        if plain:
            return View(**common, description=description, query=query)
        return MaterializedView(
            **common,
            description=description,
            query=query,
            partitioning=partitioning.declared if partitioning else None,
            clustering=clustering,
            enable_refresh=self.truth(options, "enable_refresh", default=True),
            # From a minute to seven days:
            # https://cloud.google.com/bigquery/docs/materialized-views-manage#automatic-refresh
            refresh_interval_minutes=self.number(options, "refresh_interval_minutes", 1, 10_080)
            or 30,
        )
