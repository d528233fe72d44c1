"""Every step of a day at full size and at a tenth of it, on a server of its own each.

`python -m dev.bench scale` runs the default sizes, `python -m dev.bench.scale --full` 50,000
captions a page, which takes much longer.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from dev.bench import figure_table, machine_facts
from dev.bench.benchmark import REGISTRY, Figure, Figures, benchmark, growth, seconds
from dev.bench.emulator import Cost, Emulator
from dev.bench.lab import BenchmarkError, Lab
from eros.project.stack_file import load_stack_file

# One call of beta_draws takes its arms as one array, of a page or of some pages.
_ARMS_PER_CALL = 1_000_000
# Pages whose selection is timed, at least; the time of all pages is computed from their mean.
_PAGES_TIMED = 20
_LOCKS_PER_PAGE = 20
_PER_CALL = 10

# When the result of a message is delivered.
_HOUR_LATER = "TIMESTAMP_ADD(sent_at, INTERVAL 1 HOUR)"
_TODAY = "CURRENT_DATE('America/Los_Angeles')"


@dataclass(frozen=True)
class Size:
    """How much the system holds."""

    pages: int
    captions: int
    """Per page."""
    messages: int
    """Of the last 28 days, over all pages."""

    @property
    def arms(self) -> int:
        """Captions of all pages."""
        return self.pages * self.captions

    @property
    def tenth(self) -> Size:
        """A tenth of the pages with all that is theirs."""
        return Size(self.pages // 10, self.captions, self.messages // 10)


DEFAULT = Size(pages=500, captions=2_000, messages=1_000_000)
FULL = Size(pages=500, captions=50_000, messages=1_000_000)


@benchmark("scale", "a day at 500 creators and a million messages, and at a tenth of that")
def scale(lab: Lab) -> Figures:
    """The default size, once: feedback cannot be repeated on the same messages."""
    return measure(DEFAULT, lab.folder, lab.say)


def measure(size: Size, folder: Callable[[str], Path], say: Callable[[str], None]) -> Figures:
    """Cost of each step at a tenth of `size` and at `size`, and how it grows."""
    small, large = (_day(one, folder(f"scale-{one.pages}"), say) for one in (size.tenth, size))
    figures: list[Figure] = []
    for step, cost in large.items():
        before = small[step]
        figures += [
            seconds(step, [cost.seconds]),
            seconds(f"{step}, a tenth", [before.seconds]),
            growth(f"{step}, growth", [1, 10], [[before.seconds], [cost.seconds]]),
            Figure(f"{step}, peak memory", "GiB", (cost.peak_gib,)),
        ]
    sizes = {"pages": size.pages, "captions": size.arms, "messages": size.messages}
    return Figures(tuple(figures), sizes)


def _day(size: Size, folder: Path, say: Callable[[str], None]) -> dict[str, Cost]:
    """Cost of each step, in the order of a day."""
    costs: dict[str, Cost] = {}

    def note(step: str, cost: Cost) -> None:
        costs[step] = cost
        say(f"{size.pages} pages: {step} {cost.seconds:.1f} s, {cost.peak_gib:.1f} GiB")

    with Emulator(folder, load_stack_file("local")) as emulator:
        emulator.create()
        emulator.run(_captions(size))
        emulator.run(_messages(size, "m", _HOUR_LATER))
        emulator.run(_locks(size))
        note("sampling of all arms", _sampling(emulator, size))
        note("feedback of all messages", _feedback(emulator, size.messages))
        more = replace(size, messages=size.messages // 100)
        emulator.run(_messages(more, "late", "CURRENT_TIMESTAMP()"))
        note("feedback of 1% more", _feedback(emulator, size.messages + more.messages))
        note("daily run", emulator.cost(f"CALL run_daily_automation({_TODAY})"))
        note("sweep", emulator.cost("CALL sweep_expired_caption_locks()"))
        one = _selection(emulator, size)
        note("selection for one page", one)
        note("selection for all pages, computed", Cost(one.seconds * size.pages, one.peak_gib))
    return costs


def _sampling(emulator: Emulator, size: Size) -> Cost:
    """A Beta draw for every caption there is, as if every page were selected for."""
    calls = [
        emulator.cost(f"""
            SELECT COUNT(*) AS arms, SUM(draw) AS total
            FROM beta_draws(
                ARRAY(
                    SELECT AS STRUCT
                        CAST(number AS STRING) AS arm,
                        1.0 + MOD(number, 40) AS alpha,
                        90.0 + MOD(number, 4000) AS beta
                    FROM UNNEST(GENERATE_ARRAY(
                        {first}, {min(first + _ARMS_PER_CALL, size.arms) - 1}
                    )) AS number
                ),
                20251101
            )
        """)
        for first in range(0, size.arms, _ARMS_PER_CALL)
    ]
    return Cost(sum(one.seconds for one in calls), max(one.peak_gib for one in calls))


def _feedback(emulator: Emulator, messages: int) -> Cost:
    """BenchmarkError unless exactly so many messages are counted at its end."""
    cost = emulator.cost("CALL update_caption_performance()")
    [row] = emulator.run(
        "SELECT COUNT(*) AS counted FROM message_feedback WHERE DATE(sent_at) >= '2000-01-01'"
    )
    counted = row.counted
    if counted != messages:
        raise BenchmarkError(f"feedback has counted {counted:,} of {messages:,} messages")
    return cost


def _selection(emulator: Emulator, size: Size) -> Cost:
    """Mean cost of a call, over pages from the first to the last."""
    tomorrow = f"DATE_ADD({_TODAY}, INTERVAL 1 DAY)"
    calls = [
        emulator.cost(f"CALL select_captions_for_creator('page{page}', {tomorrow}, {_PER_CALL}, 7)")
        for page in range(0, size.pages, max(1, size.pages // _PAGES_TIMED))
    ]
    mean = sum(one.seconds for one in calls) / len(calls)
    return Cost(mean, max(one.peak_gib for one in calls))


def _captions(size: Size) -> str:
    return f"""
        INSERT INTO caption_bank (
            caption_id, page_name, caption_text, caption_key, price_tier, is_active, created_at
        )
        SELECT
            caption_id,
            page_name,
            caption_text,
            caption_key_v2(caption_text),
            'standard',
            TRUE,
            TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 100 DAY)
        FROM (
            SELECT
                {_caption_id("page", "caption")} AS caption_id,
                {_page("page")} AS page_name,
                {_text("page", "caption")} AS caption_text
            FROM UNNEST(GENERATE_ARRAY(0, {size.pages - 1})) AS page
            CROSS JOIN UNNEST(GENERATE_ARRAY(0, {size.captions - 1})) AS caption
        )
    """


def _messages(size: Size, prefix: str, delivered: str) -> str:
    """Messages of 28 days; one in seven does not say which caption it carries."""
    sent_at = (
        "TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7200 + MOD(number * 7919, 2419200) SECOND)"
    )
    return f"""
        INSERT INTO mass_messages (
            message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count,
            purchased_count, price, earnings, updated_at
        )
        SELECT
            CONCAT('{prefix}', CAST(number AS STRING)),
            {_page("page")},
            IF(MOD(number, 7) = 0, NULL, {_caption_id("page", "caption")}),
            {_text("page", "caption")},
            sent_at,
            5 * views,
            views,
            DIV(views, 60),
            10,
            10 * DIV(views, 60),
            {delivered}
        FROM (
            SELECT
                number,
                MOD(number, {size.pages}) AS page,
                MOD(DIV(MOD(number * 2654435761, 4294967296), 1000), {size.captions}) AS caption,
                200 + MOD(number * 31, 3000) AS views,
                {sent_at} AS sent_at
            FROM UNNEST(GENERATE_ARRAY(0, {size.messages - 1})) AS number
        )
    """


def _locks(size: Size) -> str:
    """Locks of each page, half of them past and due for the sweep."""
    return f"""
        INSERT INTO active_caption_assignments (
            assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active
        )
        SELECT
            CONCAT('lock-', CAST(page AS STRING), '-', CAST(number AS STRING)),
            {_page("page")},
            {_caption_id("page", "number")},
            DATE_ADD({_TODAY}, INTERVAL IF(MOD(number, 2) = 0, -1, 2) DAY),
            TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3 DAY),
            TRUE
        FROM UNNEST(GENERATE_ARRAY(0, {size.pages - 1})) AS page
        CROSS JOIN UNNEST(GENERATE_ARRAY(0, {_LOCKS_PER_PAGE - 1})) AS number
    """


# No FORMAT and no FARM_FINGERPRINT here: the emulator runs them in Python for every row.
def _page(number: str) -> str:
    return f"CONCAT('page', CAST({number} AS STRING))"


def _caption_id(page: str, caption: str) -> str:
    return f"CONCAT('c', CAST({page} AS STRING), '-', CAST({caption} AS STRING))"


def _text(page: str, caption: str) -> str:
    parts = ("'A caption of usual length, number '", caption, "', page '", page, "'. Look here!'")
    return f"CONCAT({', '.join(p if p[0] == "'" else f'CAST({p} AS STRING)' for p in parts)})"


def main() -> None:
    """The benchmark at a size of choice, without the others."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench.scale", description=__doc__)
    parser.add_argument("--full", action="store_true", help="50,000 captions a page, not 2,000")
    size = FULL if parser.parse_args().full else DEFAULT
    console = Console()
    before = machine_facts.load()
    with Lab(1, console.print) as lab:
        found = measure(size, lab.folder, console.print)
    result = (REGISTRY["scale"], found, (before, machine_facts.load()))
    figure_table.show(console, result)
    figure_table.write(machine_facts.machine(), [result])


if __name__ == "__main__":
    main()
