"""Functions, table functions and procedures: arguments, result and body."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot.tokenizer_core import Token

from bqstack.catalogue import data_types, scan
from bqstack.catalogue.header import Header
from bqstack.catalogue.sql_objects import Argument, Kind, Routine
from bqstack.catalogue.statement_reader import StatementReader
from bqstack.errors import UserError
from bqstack.unchecked import JsonObject

_ONLY_SQL = "write it in SQL; routines of other languages are made outside of this program"


class RoutineReader(StatementReader):
    """The statement of a routine."""

    def routine(self, common: JsonObject) -> Routine:
        """A function, table function or procedure."""
        header, statement, kind = self.header, self.statement, self.kind
        language = header.take("LANGUAGE")
        if language and [token.text.upper() for token in language.rest] != ["SQL"]:
            what = f"a routine in {scan.slice_text(self.sql, language.rest)}"
            self.refuse(what, language.line, _ONLY_SQL)
        if remote := header.take("REMOTE"):
            self.refuse("a remote function", remote.line, _ONLY_SQL)
        returns = None if kind is Kind.PROCEDURE else header.take("RETURNS")
        if not statement.body:
            self.refuse_the_rest()
            self.fail("the routine has no body", statement.name_line)
        if kind is Kind.FUNCTION:
            body = self._function_body()
        else:
            body = scan.slice_text(self.sql, statement.body)
        options = self.options()
        self.refuse_the_rest()
        is_table = kind is Kind.TABLE_FUNCTION
        return Routine(
            **common,
            description=self.text(options, "description"),
            arguments=self._arguments(),
            returns=self._type(returns.rest) if returns and not is_table else None,
            returns_table=self._result_table(returns.rest) if returns and is_table else None,
            body=body,
        )

    def _function_body(self) -> str:
        """The expression in the parentheses; what follows them belongs to the header."""
        body = self.statement.body
        if not scan.is_mark(body[0], "("):
            self.fail("a function's body must be in parentheses", body[0].line)
        held, end = scan.inside(body, 0)
        self.header.clauses += Header(self.sql, body[end:]).clauses
        if not held:
            self.fail("the function's body is empty", body[0].line)
        # With the comments beside the parentheses.
        return self.sql[body[0].end + 1 : body[end - 1].start].strip()

    def _arguments(self) -> tuple[Argument, ...]:
        found: dict[str, Argument] = {}
        for piece in scan.split(self.header.list or []):
            argument = self._argument(piece)
            if argument.name.lower() in found:
                self.fail(
                    f"two arguments are named {argument.name}: case makes no difference",
                    piece[0].line,
                    "rename or remove one of them",
                )
            found[argument.name.lower()] = argument
        return tuple(found.values())

    def _argument(self, tokens: Sequence[Token]) -> Argument:
        mode = None
        if self.kind is Kind.PROCEDURE:
            mode = "IN"
            # A name may be one of these words, too.
            if len(tokens) > 2 and tokens[0].text.upper() in ("IN", "OUT", "INOUT"):
                mode, tokens = tokens[0].text.upper(), tokens[1:]
        name, written = tokens[0].text, tokens[1:]
        if not written:
            self.fail(f"argument {name} has no type", tokens[0].line)
        if scan.is_at(written, 0, "ANY", "TYPE"):
            kind, end = None, 2
        elif scan.is_at(written, 0, "TABLE", "<"):
            self.refuse(f"argument {name}: a table", written[0].line)
        else:
            found, end = self._read_type(written)
            kind = data_types.standard(found)
        if end < len(written):
            rest = written[end:]
            what = f"argument {name}: {scan.slice_text(self.sql, rest)}"
            if scan.is_mark(rest[0], "DEFAULT"):
                self.fail(
                    f"{what}; BigQuery has no default values for arguments",
                    rest[0].line,
                    "take it out, and give every caller's value or NULL and a COALESCE",
                )
            self.refuse(what, rest[0].line)
        return Argument(name, kind, mode)

    def _type(self, tokens: Sequence[Token]) -> JsonObject:
        if scan.is_at(tokens, 0, "ANY", "TYPE"):
            self.refuse("RETURNS ANY TYPE", tokens[0].line, "remove the result type")
        found, end = self._read_type(tokens)
        if end < len(tokens):
            self.refuse(scan.slice_text(self.sql, tokens[end:]), tokens[end].line)
        return data_types.standard(found)

    def _read_type(self, tokens: Sequence[Token]) -> tuple[data_types.Type, int]:
        try:
            found, end = data_types.read(tokens, 0)
        except data_types.UnknownType as error:
            raise UserError(
                "unknown type",
                file=self.path,
                line=tokens[0].line if tokens else self.statement.name_line,
                value=scan.slice_text(self.sql, tokens),
                fix=error.fix,
            ) from None
        if any(found.parameters for found in _all_types(found)):
            written = scan.slice_text(self.sql, tokens[:end])
            self.fail(
                f"{written} of a routine: only a column's type has parameters",
                tokens[0].line,
                f"write {found.name}",
            )
        return found, end

    def _result_table(self, tokens: Sequence[Token]) -> JsonObject:
        """StandardSqlTableType of RETURNS TABLE<name type, ...>."""
        held, end = scan.inside(tokens, 1) if len(tokens) > 1 else ([], 0)
        if not scan.is_at(tokens, 0, "TABLE", "<") or end < len(tokens):
            self.fail(
                "a table function returns TABLE<name type, ...>",
                tokens[0].line if tokens else self.statement.name_line,
                "write that, or let the query decide",
            )
        fields = []
        for piece in scan.split(held):
            kind, behind = self._read_type(piece[1:])
            if behind + 1 < len(piece):
                self.refuse(scan.slice_text(self.sql, piece[behind + 1 :]), piece[0].line)
            fields.append({"name": piece[0].text, "type": data_types.standard(kind)})
        return {"columns": fields}


def _all_types(found: data_types.Type) -> list[data_types.Type]:
    below = [field.type for field in found.fields] + ([found.element] if found.element else [])
    return [found, *(deeper for kind in below for deeper in _all_types(kind))]
