"""Parts of the analysis that need no analyser."""

from __future__ import annotations

from pathlib import Path

import pytest

from bqstack.analysis import (
    Finding,
    Note,
    Report,
    analyser_messages,
    finding_report,
    lines,
    object_limits,
    sql_files,
)
from bqstack.analysis.allow import Allows
from bqstack.analysis.source import Source
from bqstack.catalogue.sql_objects import Argument, Kind, Reference, Routine, SqlObject, View
from bqstack.errors import UserError

pytestmark = pytest.mark.unit
FILE = Path("sql/views/v.sql")


def source(text: str, sql: str | None = None) -> Source:
    return Source(FILE, text, text if sql is None else sql)


class TestPlaces:
    def test_an_entry_of_a_stacks_file_is_found_below_its_config(self, tmp_path: Path) -> None:
        text = "# a stack\nconfig:\n  shop:contacts:\n    slack: '#x'\n"
        (tmp_path / "Pulumi.dev.yaml").write_text(text)
        wrong = UserError("no secret", file="Pulumi.dev.yaml", key="shop:contacts.slack")
        [found] = sql_files.in_document(wrong, tmp_path)
        assert (found.line, found.column, found.excerpt) == (4, 5, "    slack: '#x'")

    def test_what_an_alias_repeats_is_one_mistake(self, tmp_path: Path) -> None:
        (tmp_path / "board.yaml").write_text(
            "tiles:\n- &sum {aligner: DELTAA}\n- *sum\n- {aligner: DELTAA}\n"
        )
        wrong = [
            UserError("no such value", file="board.yaml", key=f"tiles.{n}.aligner", value="DELTAA")
            for n in range(3)
        ]
        missing = [
            UserError("field required", file="board.yaml", key=f"tiles.{n}.period")
            for n in range(3)
        ]
        error = wrong[0].with_others([*wrong[1:], *missing])
        found = sql_files.in_document(error, tmp_path)
        assert [(f.line, f.message.split(":")[0]) for f in found] == [
            (2, "tiles.0.aligner"),
            (4, "tiles.2.aligner"),
            (2, "tiles.0.period"),
            (4, "tiles.2.period"),
        ]

    def test_column_behind_a_template_expression_is_moved(self) -> None:
        text = "FROM `{{ project }}`.`{{ dataset }}`.t WHERE colum = 1"
        sql = "FROM `p`.`some_dataset`.t WHERE colum = 1"
        found = source(text, sql).finding("unknown-column", "?", 1, sql.index("colum") + 1)
        assert found.excerpt[found.column - 1 :].startswith("colum = 1")
        assert found.length == len("colum")

    def test_column_inside_a_template_expression_is_its_start(self) -> None:
        text, sql = "SELECT {{ limits.x }} + 1", "SELECT 12345 + 1"
        found = source(text, sql).finding("wrong-type", "?", 1, 10)
        assert found.column == 8
        assert found.length == len("{{ limits.x }}")

    def test_offset_counts_bytes_and_column_counts_characters(self) -> None:
        text = "SELECT 'é😀', x"
        offset = len(text[: text.index("x")].encode())
        assert source(text).place(offset) == (1, text.index("x") + 1)

    def test_lines_are_followed_through_blocks(self) -> None:
        text = (
            "a\n{%- if flag %}\nb\n{%- endif %}\n"
            "{% if not flag %}\nc\n{% else %}\nd\n{% endif %}\ne\n"
        )
        sql = "a\nb\n\nd\n\ne\n"
        found = lines.origins(text, sql, {"flag": True})
        assert found is not None
        assert [
            (line, origin)
            for line, origin in zip(
                sql.split(), (found[0], found[1], found[3], found[5]), strict=True
            )
        ] == [
            ("a", 1),
            ("b", 3),
            ("d", 8),
            ("e", 10),
        ]

    def test_text_without_blocks_keeps_its_lines(self) -> None:
        assert lines.origins("a {{ x }}\n", "a 1\n", {"x": 1}) is None


class TestAllowComments:
    def test_comment_right_above_the_statement_allows_its_rule_only(self) -> None:
        allows = Allows(source("x;\n-- validate: allow unfiltered-read all days are meant\ny;\n"))
        assert not allows.permits("permanent-ddl", 3, 3)
        assert not allows.permits("unfiltered-read", 1, 1)
        assert allows.permits("unfiltered-read", 3, 3)
        assert list(allows.findings()) == []

    @pytest.mark.parametrize(
        "comment",
        [
            "allow unfiltered-read",
            "allow unfiltered-read why",
            "allow nonsense a good reason",
            "no",
        ],
    )
    def test_comment_without_rule_or_reason_is_reported(self, comment: str) -> None:
        (found,) = Allows(source(f"-- validate: {comment}\n")).findings()
        assert found.rule == "allow-comment"

    def test_unused_comment_is_reported(self) -> None:
        allows = Allows(source("-- validate: allow permanent-ddl it was here once\nx;\n"))
        (found,) = allows.findings()
        assert (found.rule, found.line) == ("allow-comment", 1)


def view(name: str, *needs: str, query: str = "SELECT 1") -> View:
    path = Path(f"sql/views/{name}.sql")
    references = tuple(Reference(n, 1) for n in needs)
    return View(name, Kind.VIEW, path, f"VIEW {name}", "", references, query=query)


def procedure(name: str, *needs: str, arguments: int = 0) -> Routine:
    path = Path(f"sql/procedures/{name}.sql")
    references = tuple(Reference(n, 1) for n in needs)
    given = tuple(Argument(f"a{n}", {"typeKind": "INT64"}) for n in range(arguments))
    sql = f"PROCEDURE {name}"
    return Routine(name, Kind.PROCEDURE, path, sql, "", references, arguments=given)


def broken_limits(*objects: SqlObject) -> list[tuple[str, str]]:
    by_name = {o.name: o for o in objects}
    sources = {o.name: Source(o.path, o.sql, o.sql) for o in objects}
    needs = {o.name: list(o.depends_on) for o in objects}
    return [(f.file.stem, f.rule) for f in object_limits.check(by_name, sources, needs)]


class TestLimits:
    def test_views_sixteen_levels_deep_are_fine_and_seventeen_are_not(self) -> None:
        chain = [view("v1"), *(view(f"v{n}", f"v{n - 1}") for n in range(2, 20))]
        assert broken_limits(*chain[:16]) == []
        assert broken_limits(*chain) == [("v17", "view-depth")]

    def test_calls_seventeen_deep_are_refused(self) -> None:
        chain = [procedure("p1"), *(procedure(f"p{n}", f"p{n - 1}") for n in range(2, 18))]
        assert broken_limits(*chain) == [("p17", "call-depth")]

    def test_arguments_are_counted(self) -> None:
        assert broken_limits(procedure("p", arguments=256)) == []
        assert broken_limits(procedure("p", arguments=257)) == [("p", "argument-count")]

    def test_long_view_is_refused(self) -> None:
        assert broken_limits(view("v", query="x" * 262_145)) == [("v", "text-size")]


class TestMessages:
    @pytest.mark.parametrize(
        ("message", "rule"),
        [
            ("Syntax error: Unexpected keyword FROM", "syntax"),
            ("Unrecognized name: x; Did you mean y?", "unknown-column"),
            ("Table not found: p.d.t", "missing-object"),
            ("Name amont not found inside price", "unknown-column"),
            ("No matching signature for operator + for argument types: A, B", "wrong-type"),
            ("No matching signature for function DATE_ADD", "wrong-arguments"),
            ("Column name page_name is ambiguous", "ambiguous"),
            ("Something that nobody has seen before", "semantics"),
        ],
    )
    def test_message_belongs_to_a_rule(self, message: str, rule: str) -> None:
        assert analyser_messages.rule_of(message) == rule

    def test_long_list_of_signatures_is_left_out(self) -> None:
        message = "No matching signature\n  Argument types: A, B\n" + "  Signature: X\n" * 9
        assert analyser_messages.shortened(message) == "No matching signature; Argument types: A, B"


FINDING = Finding(FILE, 12, 5, "syntax", "bad", "fix it", "\tab bad", 3)


class TestOutput:
    def test_caret_stands_under_the_token_also_behind_a_tab(self) -> None:
        text = finding_report.text(Report([FINDING], objects=1))
        assert f"{FILE.as_posix()}:12:5: error[syntax]: bad\n" in text
        assert " 12 | \tab bad\n    | \t   ^^^\n    = hint: fix it\n" in text

    def test_notes_are_printed_and_counted_but_are_no_mistake(self) -> None:
        report = Report([], [Note(FILE, 3, "not tried")], objects=1, statements=2)
        assert finding_report.text(report).splitlines() == [
            f"{FILE.as_posix()}:3: unanalysed: not tried",
            "",
            "validate: no mistake; 1 object, 2 statements analysed, 1 unanalysed in 0.0 s",
        ]
        assert report.ok


class TestHints:
    @pytest.mark.parametrize(
        ("message", "hint"),
        [
            ("CREATE VIEW columns must be named, but column 2 has no name", "add AS"),
            ("Unrecognized name: _PARTITIONDATE", "partitioned by load time"),
            ("Unrecognized name: _partitiontime", "partitioned by load time"),
            ("Unrecognized name: _TABLE_SUFFIX", "sql/elsewhere/"),
            ("Unrecognized name: colum", ""),
            ('Syntax error: Expected ")" or "," but got keyword DEFAULT', "in this order"),
            ('Syntax error: Expected ";" but got keyword END', "no ; at its end"),
            ('Syntax error: Expected ")" or "," but got identifier b', "a comma or a bracket"),
            ('Syntax error: Expected "," but got keyword AS', "a comma or a bracket"),
        ],
    )
    def test_what_googles_words_leave_open_is_answered(self, message: str, hint: str) -> None:
        found = analyser_messages.hint_of(message)
        assert hint in found
        assert bool(found) == bool(hint)
