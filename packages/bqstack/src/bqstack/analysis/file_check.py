"""The check of one file: where findings, notes and counts are collected."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain

from bqstack.analysis import analyser_messages, gap_fill_rules, statement_checks
from bqstack.analysis.allow import Allows
from bqstack.analysis.analyser import Analyser, SqlError
from bqstack.analysis.findings import Finding, Note
from bqstack.analysis.rules import RULES
from bqstack.analysis.scope import Facts, World
from bqstack.analysis.source import Source
from bqstack.analysis.statement_checks import Problem
from bqstack.analysis.tree import Node
from bqstack.catalogue.data_types import UnknownType

Span = tuple[int, int]


@dataclass
class Session:
    """One file under check. Spans are bytes of its rendered text."""

    analyser: Analyser
    world: World
    source: Source
    allows: Allows
    full_reads: bool = False
    """Reading all partitions of a table is not reported (materialized views)."""
    findings: list[Finding] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    statements: int = 0
    is_complete: bool = True
    """False when something was not looked at because of a mistake elsewhere."""

    def count(self) -> None:
        """Count a statement that was analysed completely."""
        self.statements += 1

    def note(self, span: Span, reason: str, *, waits: bool = False) -> None:
        """Record a statement that was not analysed."""
        line, _ = self.source.place(span[0])
        self.notes.append(Note(self.source.path, self.source.file_line(line), reason, waits))

    def incomplete(self, span: Span, reason: str, *, waits: bool = False) -> None:
        """Record a statement that may be analysed another time."""
        self.is_complete = False
        self.note(span, reason, waits=waits)

    def report(self, rule: str, message: str, span: Span, statement: Span, hint: str = "") -> None:
        """Record a finding at the start of `span`, unless the statement allows it."""
        if RULES[rule].allowable:
            first, last = (self.source.file_line(self.source.place(at)[0]) for at in statement)
            if self.allows.permits(rule, first, last):
                return
        line, column = self.source.place(span[0])
        self.findings.append(self.source.finding(rule, message, line, column, hint))

    def sql_error(self, error: SqlError, span: Span, prefix: int, unknown: set[str]) -> None:
        """Record what the analyser refuses in the statement at `span`.

        `prefix` characters were put before the text. A statement that only fails because
        of an earlier mistake (a name in `unknown`, a failed object) is noted, not reported.
        """
        message = analyser_messages.shortened(error.message)
        if self._follows_from_another(error.message, unknown):
            reason = f"not analysed: it needs something that has a mistake: {message}"
            self.incomplete(span, reason, waits=True)
            return
        first_line, first_column = self.source.place(span[0])
        line = first_line + error.line - 1
        column = error.column
        if error.line == 1:
            column = max(first_column + error.column - 1 - prefix, first_column)
        rule = analyser_messages.rule_of(error.message)
        hint = analyser_messages.hint_of(error.message)
        if error.message.startswith("Type not found: "):
            hint = UnknownType(error.message.partition(": ")[2]).fix or hint
        if rule == "syntax":
            line, column, keyword = self._misspelt(line, column)
            hint = keyword or hint
        if rule == "missing-object":
            first, last = (self.source.file_line(self.source.place(at)[0]) for at in span)
            if self.allows.permits(rule, first, last):
                self.incomplete(span, f"allowed by a comment: {message}")
                return
        missing = (
            analyser_messages.missing_name(error.message) if rule == "missing-object" else None
        )
        if missing is not None:
            own = self.world.names()
            if "." not in missing and missing.lower() in own:
                rule, hint = "reference-form", f"`{{{{ project }}}}`.`{{{{ dataset }}}}`.{missing}"
                message = f"{missing} is written without its project and dataset"
            elif missing.lower().rsplit(".", 1)[-1] in own:
                hint = "sql/ declares it, but as a different kind of object"
            elif "Did you mean" not in message:
                hint = analyser_messages.did_you_mean(missing.lower(), own)
            hint = hint or analyser_messages.hint_of_google(message)
        self.findings.append(self.source.finding(rule, message, line, column, hint))

    def _misspelt(self, line: int, column: int) -> tuple[int, int, str]:
        """Place and hint of a syntax error: a keyword with a slip is read as a name, and what
        comes behind it is what the parser refuses."""
        lines = self.source.sql.splitlines()[:line]
        if lines:
            place, word = analyser_messages.misspelt_keyword(lines, column)
            if word:
                return *place, f"did you mean {word}?"
        return line, column, ""

    def problems(
        self,
        resolved: Node,
        text: str,
        span: Span,
        prefix: int,
        facts: Mapping[str, Facts],
        names: Collection[str],
    ) -> None:
        """Record what our own rules refuse in an analysed statement.

        `text` is what was analysed, `prefix` bytes of it before the statement at `span`;
        `names` are the arguments and variables that are in scope.
        """
        found = statement_checks.check(resolved, facts, self.full_reads)
        hidden = statement_checks.hidden(resolved, names, text)
        self.take(chain(found, hidden, gap_fill_rules.check(resolved, text)), span, prefix)

    def take(self, problems: Iterable[Problem], span: Span, prefix: int = 0) -> None:
        """Record what was found in the statement at `span`."""
        for problem in problems:
            at = span[0] if problem.at is None else max(span[0] + problem.at - prefix, span[0])
            self.report(problem.rule, problem.message, (at, at + 1), span)

    def _follows_from_another(self, message: str, unknown: set[str]) -> bool:
        missing = analyser_messages.missing_name(message)
        if missing is not None:
            name = missing.lower().rsplit(".", 1)[-1]
            return name in self.world.failed or name in unknown
        if message.startswith("Unrecognized name: "):
            name = message.removeprefix("Unrecognized name: ").split(";")[0]
            return name.split(".")[0].strip("`").lower() in unknown
        return False
