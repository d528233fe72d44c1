"""`eros learning`: what ranking captions earns, measured against those drawn at random."""

from __future__ import annotations

import textwrap
from typing import Any

from rich.text import Text

from eros.cli import answers
from eros.cli.common import Stack
from eros.cli.waiting import working
from eros.cloud.google import Google
from eros.project.stack_file import load_stack_file
from eros.watch import selection_effects as effects
from eros.watch.monitor_query import Answer

# The table fits a terminal of this many columns, and so does what stands below it.
_WIDTH = 80
_HEADINGS = (
    *("pages", "ranked", "random", "$ ranked", "$ random"),
    *("gain", "95% interval", "untried", "$ given up"),
)


def learning(
    stack: Stack = "local",
    output: answers.Output = answers.Format.TABLE,
    out: answers.Out = None,
    wide: answers.Wide = False,
) -> None:
    """Compare the earnings of ranked and random captions, by page size."""
    settings = load_stack_file(stack)
    google = Google(settings)
    with working(f"learning: asking {stack} what its messages earned"):
        answer = effects.effects(google)
    note = effects.verdict(answer, settings.selection)
    if output is answers.Format.TABLE:
        note = below(note, settings.automation.selection_effect_days if answer.rows else None)
        answer = for_people(answer)
    answers.write(answer, output, out, wide=wide, note=note)


def for_people(answer: Answer) -> Answer:
    """The rows in few and narrow columns, with units."""
    return Answer(_HEADINGS, [_row(record) for record in answer.records()])


def below(verdict: str, days: int | None) -> str:
    """What stands below the table of so many days' messages; the verdict alone if it is empty."""
    wrapped = textwrap.fill(verdict, _WIDTH)
    return wrapped if days is None else f"\n{_legend(days)}\n\n{wrapped}"


def _row(record: dict[str, Any]) -> tuple[Any, ...]:
    gain, low, high = (record[f"gain{part}_pct"] for part in ("", "_low", "_high"))
    return (
        record["page_size"],
        record["ranked_messages"],
        record["random_messages"],
        _number(record["earnings_per_message_usd"], ",.2f"),
        _number(record["random_earnings_per_message_usd"], ",.2f"),
        _number(gain, "+,.0f", "%"),
        Text("" if gain is None else f"{low:+,.0f}…{high:+,.0f}%", justify="right"),
        _number(record["untried_pct"], ".1f", "%"),
        _number(record["exploration_per_message_usd"], ",.2f"),
    )


def _number(value: float | None, form: str, unit: str = "") -> Text:
    return Text("" if value is None else f"{value:{form}}{unit}", justify="right")


def _legend(days: int) -> str:
    return (
        f"Dollars per message, over the messages of the last {days} days.\n"
        "ranked, random: chosen by rank, drawn by chance. untried: ranked ones whose\n"
        "caption was new. given up: how much more the best captions known had promised."
    )
