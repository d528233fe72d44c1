"""A call of selection by each policy, on the local BigQuery and by the model of costs.

The Beta draw is what the index replaced as the default. One server holds pages of several sizes;
only the procedure is replaced between two calls, so all policies read the same rows.
"""

from __future__ import annotations

import itertools
from functools import partial

from dev.bench.benchmark import Figure, Figures, benchmark, ratio, seconds
from dev.bench.cost import SIZES, graph_of, monthly
from dev.bench.emulator import Emulator
from dev.bench.lab import Duration, Lab
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT, Settings
from eros.project.stack_file import load_stack_file

BEFORE = "beta"
POLICIES = (BEFORE, "wilson", "index")
CAPTIONS = (200, 2_000, 20_000)
_PROCEDURE = "select_captions_for_creator"
_PER_CALL = 5
_MESSAGES = 3_000
_TODAY = "CURRENT_DATE('America/Los_Angeles')"


@benchmark("selection", "a call of selection by the index, against the draws")
def selection(lab: Lab) -> Figures:
    """Modelled cost by size; by size of page the time of a call, and its ratio to the draw's."""
    settings = {policy: _by(policy) for policy in POLICIES}
    figures = [*_costs(settings), *_times(lab, settings)]
    return Figures(tuple(figures), {"captions a call": _PER_CALL, "messages a page": _MESSAGES})


def _by(policy: str) -> Settings:
    settings = load_stack_file("local")
    ranked = settings.selection.model_copy(update={"policy": policy})
    return settings.model_copy(update={"selection": ranked})


def _times(lab: Lab, settings: dict[str, Settings]) -> list[Figure]:
    figures: list[Figure] = []
    days = itertools.count(1)
    with Emulator(lab.folder("selection"), settings[BEFORE]) as emulator:
        emulator.create()
        for captions in CAPTIONS:
            emulator.run(_page(captions))
        # As the feedback leaves them: ratios of classes and weekdays of what was sent.
        emulator.run("CALL refresh_class_ratios()")
        emulator.run("CALL refresh_page_figures()")
        procedures = {policy: _procedure(settings[policy]) for policy in POLICIES}

        def call(captions: int, policy: str) -> Duration:
            emulator.run(procedures[policy])
            # Every call gets a day of its own: none is full.
            day = f"DATE_ADD({_TODAY}, INTERVAL {next(days)} DAY)"
            sql = f"CALL {_PROCEDURE}('page{captions}', {day}, {_PER_CALL}, 7)"
            return emulator.duration(lambda: emulator.run(sql))

        for captions in CAPTIONS:
            rounds = lab.in_turns(*(partial(call, captions, policy) for policy in POLICIES))
            for measure in ("cpu", "wall"):
                taken = {
                    policy: [getattr(one, measure) for one in found]
                    for policy, found in zip(POLICIES, rounds, strict=True)
                }
                name = f"{captions:,} captions, {measure}"
                figures += [
                    ratio(f"{name}: {policy} / {BEFORE}", taken[policy], taken[BEFORE])
                    for policy in POLICIES[1:]
                ]
                figures += [seconds(f"{name}: {policy}", taken[policy]) for policy in POLICIES]
            lab.say(f"{captions:,} captions a page")
    return figures


def _procedure(settings: Settings) -> str:
    [text] = [item.sql for item in Project(settings, PROJECT_ROOT).sql if item.name == _PROCEDURE]
    return text


def _costs(settings: dict[str, Settings]) -> list[Figure]:
    """Modelled dollars in 30 days of all calls of selection; no sample is taken."""
    graphs = {policy: graph_of(one) for policy, one in settings.items()}
    return [
        Figure(
            f"30 days at {size.name}: {policy}",
            "USD",
            (monthly(graphs[policy], size, settings[policy])[_PROCEDURE],),
        )
        for size in SIZES
        for policy in POLICIES
    ]


def _page(captions: int) -> str:
    """A page with a year of history; four of five captions were sent, all of five price tiers."""
    return f"""
        INSERT INTO caption_bank (
            caption_id, page_name, caption_text, price_tier, is_active, created_at
        )
        SELECT
            CONCAT('c', CAST(number AS STRING)),
            'page{captions}',
            CONCAT('A caption of usual length, number ', CAST(number AS STRING), '. Look here!'),
            CASE MOD(number, 5)
                WHEN 0 THEN 'budget' WHEN 1 THEN 'standard' WHEN 2 THEN 'premium'
                WHEN 3 THEN 'luxury'
            END,
            TRUE,
            TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 400 DAY)
        FROM UNNEST(GENERATE_ARRAY(1, {captions})) AS number;

        INSERT INTO caption_bandit_stats (
            page_name, caption_id, last_used, last_updated, successes, failures, total_emv,
            recent_sends, load_views, load_squares, load_purchases
        )
        SELECT
            'page{captions}',
            CONCAT('c', CAST(number AS STRING)),
            TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 10 + MOD(number * 7919, 300) DAY),
            CURRENT_TIMESTAMP(),
            MOD(number * 31, 40),
            2000 + MOD(number * 104729, 3000),
            10 * MOD(number * 31, 40),
            1.5, 900.0, 1200.0, 12.0
        FROM UNNEST(GENERATE_ARRAY(1, {captions})) AS number
        WHERE MOD(number, 5) != 0 OR MOD(number, 25) = 0;

        INSERT INTO message_feedback (
            message_id, page_name, caption_id, sent_at, views, purchases, earnings, updated_at,
            counted_at
        )
        SELECT
            CONCAT('page{captions}-', CAST(number AS STRING)),
            'page{captions}',
            CONCAT('c', CAST(1 + MOD(number * 13, {captions}) AS STRING)),
            TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 10 * 24 + MOD(number * 7919, 8000) HOUR),
            500, 6, 60,
            CURRENT_TIMESTAMP(),
            CURRENT_TIMESTAMP()
        FROM UNNEST(GENERATE_ARRAY(1, {_MESSAGES})) AS number;
    """
