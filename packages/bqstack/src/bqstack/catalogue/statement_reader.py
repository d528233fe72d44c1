"""What the readers of all statements share: clauses that are taken, and what is refused.

Everything in a statement is either read or refused by name: a clause that no resource carries
would stand in the file and never reach BigQuery.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from bqstack.catalogue import scan
from bqstack.catalogue.header import Header
from bqstack.catalogue.options import Option
from bqstack.catalogue.sql_objects import TABLE_KINDS, Kind
from bqstack.errors import UserError

# What a resource carries of OPTIONS; the rest would stand in the file and never reach Google.
OPTIONS = {
    **dict.fromkeys(Kind, ("description",)),
    **dict.fromkeys(
        TABLE_KINDS, ("description", "partition_expiration_days", "require_partition_filter")
    ),
    Kind.MATERIALIZED_VIEW: ("description", "enable_refresh", "refresh_interval_minutes"),
}
_MOST_CLUSTERS = 4
_UNITS = ("HOUR", "DAY", "MONTH", "YEAR")
_TRUNCATIONS = ("DATE_TRUNC", "DATETIME_TRUNC", "TIMESTAMP_TRUNC")
_LOAD_TIME = ("_PARTITIONDATE", "_PARTITIONTIME")


def not_declared(what: str, path: Path, line: int | None = None) -> UserError:
    """The refusal of what no resource carries."""
    return UserError(
        f"{what} is not supported by this program, so it would never reach BigQuery",
        file=path,
        line=line,
        fix="remove it: nothing in this library supports it",
    )


@dataclass(frozen=True)
class Partitioning:
    """PARTITION BY `function`(`column`), `unit` by unit; no function around a DATE column."""

    unit: str
    column: str
    function: str
    line: int

    @property
    def declared(self) -> dict[str, str]:
        """What the API calls it."""
        return {"type": self.unit, "field": self.column}


class StatementReader:
    """One statement; what is taken from its header is taken out of it."""

    def __init__(
        self, kind: Kind, statement: scan.Statement, sql: str, path: Path, place: tuple[str, str]
    ) -> None:
        self.kind, self.statement, self.sql, self.path = kind, statement, sql, path
        self.place = place
        self.header = Header(sql, statement.header)
        self.clustering_line = statement.name_line

    def partitioning(self) -> Partitioning | None:
        """PARTITION BY, by a column or a truncation of it."""
        clause = self.header.take("PARTITION BY")
        if clause is None:
            return None
        tokens, unit, applied = list(clause.rest), "DAY", ""
        if len(tokens) > 1 and scan.is_mark(tokens[1], "("):
            function = tokens[0].text.upper()
            held, end = scan.inside(tokens, 1)
            arguments = scan.split(held)
            if function == "DATE" and len(arguments) == 1:
                tokens, applied = arguments[0] + tokens[end:], function
            elif function in _TRUNCATIONS and len(arguments) == 2:
                tokens, unit = arguments[0] + tokens[end:], arguments[1][0].text.upper()
                applied = function
        written = scan.slice_text(self.sql, clause.rest)
        if len(tokens) != 1 or unit not in _UNITS or tokens[0].text.upper() in _LOAD_TIME:
            raise UserError(
                "partition by a column, DATE(column) or a truncation of it to HOUR, DAY, MONTH,"
                " YEAR",
                file=self.path,
                line=clause.line,
                value=written,
                fix="partitions by load time or by ranges of integers cannot be declared"
                " in this program",
            )
        return Partitioning(unit, tokens[0].text, applied, clause.line)

    def clustering(self) -> tuple[str, ...]:
        """CLUSTER BY."""
        clause = self.header.take("CLUSTER BY")
        if clause is None:
            return ()
        self.clustering_line = clause.line
        pieces = scan.split(clause.rest)
        for piece in pieces:
            if len(piece) > 1:
                self.fail(
                    f"CLUSTER BY {scan.slice_text(self.sql, piece)}",
                    piece[0].line,
                    "cluster by columns",
                )
        if len(pieces) > _MOST_CLUSTERS:
            self.fail(
                f"CLUSTER BY {len(pieces)} columns", clause.line, f"take {_MOST_CLUSTERS} at most"
            )
        return tuple(piece[0].text for piece in pieces)

    def options(self) -> dict[str, Option]:
        """OPTIONS that a resource of the kind carries, by name."""
        taken = OPTIONS[self.kind]
        found: dict[str, Option] = {}
        for option in self.header.options():
            if option.name not in taken:
                self.refuse(f"option {option.name}", option.line)
            if option.name in found:
                self.fail(f"option {option.name} is given twice", option.line, "remove one")
            found[option.name] = option
        return found

    def text(self, options: dict[str, Option], name: str) -> str:
        """The text of an option; empty without it."""
        option = options.get(name)
        if option is None or option.is_null:
            return ""
        if option.text is None:
            self.fail(f"{name} must be one text", option.line, value=option.written)
        return option.text

    def number(
        self, options: dict[str, Option], name: str, least: float = 0, most: float = math.inf
    ) -> float | None:
        """The number of an option, above zero and between `least` and `most`."""
        option = options.get(name)
        if option is None or option.is_null:
            return None
        if option.number is None:
            self.fail(f"{name} must be a number", option.line, value=option.written)
        if not least <= option.number <= most or option.number == 0:
            between = f"between {least:g} and {most:g}" if most < math.inf else "more than 0"
            self.fail(f"{name} must be {between}", option.line, value=option.written)
        return option.number

    def truth(self, options: dict[str, Option], name: str, *, default: bool) -> bool:
        """TRUE or FALSE of an option."""
        option = options.get(name)
        if option is None or option.is_null:
            return default
        if option.truth is None:
            self.fail(f"{name} must be TRUE or FALSE", option.line, value=option.written)
        return option.truth

    def refuse_the_rest(self) -> None:
        """Refuse the clauses that nobody has taken."""
        for clause in self.header.clauses:
            self.refuse(self.header.text(clause), clause.line)

    def refuse(self, what: str, line: int, fix: str | None = None) -> NoReturn:
        """Raise UserError: no resource carries this."""
        error = not_declared(what, self.path, line)
        raise UserError(error.message, file=self.path, line=line, fix=fix or error.fix)

    def fail(
        self, what: str, line: int, fix: str | None = None, *, value: str | None = None
    ) -> NoReturn:
        """Raise UserError: this is wrong."""
        raise UserError(what, file=self.path, line=line, fix=fix, value=value)
