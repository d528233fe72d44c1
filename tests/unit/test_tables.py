"""Tables on a terminal: as wide as it is, words whole."""

import io
import re

import pytest
from rich.console import Console

from eros.cli import answers
from eros.watch.monitor_query import Answer

LONG = Answer(
    ("page_name", "hours_since_update", "detail"),
    [
        ("amber_rose", 3.5, "the results of three messages are not counted since the last run"),
        ("a_page_with_a_long_name", 12345.0, "fresh"),
    ],
)
MANY = Answer(
    tuple(f"column_number_{n}" for n in range(12)),
    [tuple(f"value_of_the_column_{n}" for n in range(12))] * 2,
)
WORDS = re.compile(r"[^\s]+")


def printed(answer: Answer, width: int, *, wide: bool = False) -> list[str]:
    text = io.StringIO()
    terminal = Console(file=text, width=width, force_terminal=True, no_color=True)
    answers.show(terminal, answer, wide=wide)
    return [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in text.getvalue().splitlines()]


def words(answer: Answer) -> set[str]:
    cells = [answers.cell(value).plain for row in answer.rows for value in row]
    return {word for text in (*answer.columns, *cells) for word in WORDS.findall(text)}


@pytest.mark.parametrize("answer", [LONG, MANY], ids=["long", "many"])
@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_a_table_fits_its_terminal_and_breaks_no_word(answer, width):
    lines = printed(answer, width)
    assert max(map(len, lines)) <= width
    found = {word for line in lines for word in WORDS.findall(line)}
    assert words(answer) <= found


def test_rows_too_wide_for_a_table_become_blocks():
    lines = printed(MANY, 80)
    assert lines[0].split() == ["column_number_0", "value_of_the_column_0"]
    assert lines[12] == ""
    assert len(lines) == 25


@pytest.mark.parametrize("answer", [LONG, MANY], ids=["long", "many"])
def test_wide_is_one_line_a_row(answer):
    assert len(printed(answer, 80, wide=True)) == 1 + len(answer.rows)


def test_a_word_longer_than_the_terminal_keeps_every_letter():
    answer = Answer(("a",), [("x" * 100,)])
    assert sum(line.count("x") for line in printed(answer, 40)) == 100


def test_lists_and_structs_are_json_in_a_cell():
    answer = Answer(("a",), [([{"b": 1}],)])
    assert answers.as_csv(answer) == 'a\n"[{""b"": 1}]"\n'
    assert '"b": 1' in answers.as_json(answer)
