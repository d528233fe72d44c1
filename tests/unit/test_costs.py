"""The cost model: what it counts of a script, and what it says of this system."""

from __future__ import annotations

from functools import cache

import pytest

from bqstack.plan import costs
from bqstack.plan.costs import LEAST_BYTES, Volume
from bqstack.plan.lineage_graph import Graph, Object, Read, Step
from dev.bench import cost, growth
from eros.project.settings import BUILDER_CALLS, PROJECT_ROOT
from eros.project.stack_file import load_stack_file

BIG = 10**9


def read(*columns: str, filtered: tuple[str, ...] = (), pinned: tuple[str, ...] = ()) -> Read:
    return Read(frozenset(columns), frozenset(filtered), frozenset(pinned))


def world(*steps: Step) -> Graph:
    """A table by day and page, a view over it, and a procedure of these steps."""
    table = Object("messages", "table", types={"page": "STRING", "day": "DATE", "n": "INT64"})
    table.partition, table.cluster = "day", "page"
    view = Object("per_page", "view")
    view.outputs = {"page": {("messages", "page")}, "n": {("messages", "n"), ("messages", "day")}}
    view.steps = [Step(1.0, {"messages": read("page", "n")})]
    called = Object("called", "PROCEDURE", steps=[Step(1.0, {"messages": read("n")})])
    procedure = Object("work", "PROCEDURE", steps=list(steps))
    return Graph({o.name: o for o in (table, view, called, procedure)})


def billed(*steps: Step, **volume) -> float:
    volumes = {"messages": Volume(BIG, **volume)}
    return costs.bytes_of_call("work", world(*steps), volumes)


def test_a_statement_reads_its_columns_once():
    assert billed(Step(1.0, {"messages": read("n")})) == 8 * BIG
    both = {"messages": read("n"), "per_page": read("page")}
    assert billed(Step(1.0, both)) == (8 + 22) * BIG, "the table once, however it is reached"


def test_a_small_table_and_one_of_others_bill_the_least():
    assert billed(Step(1.0, {"elsewhere": read()})) == LEAST_BYTES
    graph = world(Step(1.0, {"messages": read("n")}))
    assert costs.bytes_of_call("work", graph, {}) == LEAST_BYTES


def test_a_bound_for_the_partition_reads_what_is_recent():
    bounded = Step(1.0, {"messages": read("n", filtered=("day",))})
    assert billed(bounded, recent=BIG // 4) == 2 * BIG
    assert billed(bounded) == 8 * BIG, "nobody says how much that is"
    assert billed(Step(1.0, {"messages": read("n")}), recent=BIG // 4) == 8 * BIG


def test_one_page_reads_its_share_through_a_view_too():
    pinned = read("n", filtered=("page",), pinned=("page",))
    assert billed(Step(1.0, {"messages": pinned}), groups=100) == 8 * BIG / 100
    assert billed(Step(1.0, {"per_page": pinned}), groups=100) == 30 * BIG / 100
    made = read("n", filtered=("n",), pinned=("n",))
    assert billed(Step(1.0, {"per_page": made}), groups=100) == 30 * BIG, "n is no column below"


def test_a_statement_that_changes_rows_bills_all_columns_of_their_partitions_too():
    changing = Step(1.0, {"messages": read("n")}, changes="messages")
    assert billed(changing) == (8 + 38) * BIG
    assert billed(changing, changed=BIG // 10) == 8 * BIG + 38 * BIG // 10
    assert billed(Step(1.0, {}, changes="messages"), changed=0) == LEAST_BYTES


def test_shares_and_calls_count():
    rare = Step(1 / 12, {"messages": read("n")})
    assert billed(rare) == pytest.approx(8 * BIG / 12)
    assert billed(Step(0.5, {}, calls="called")) == 4 * BIG
    assert billed(Step(0.0, {"messages": read("n")})) == 0, "an exception handler does not run"


@cache
def figures() -> dict[str, dict[str, float]]:
    settings = load_stack_file("local")
    graph = cost.graph_of(settings)
    mistakes = {name: o.mistake for name, o in graph.objects.items() if o.mistake}
    assert mistakes == {}, "every statement of the rendered SQL is understood"
    return {size.name: cost.monthly(graph, size, settings) for size in cost.SIZES}


def test_what_a_procedure_changes_is_known():
    objects = cost.graph_of(load_stack_file("local")).objects
    changed = {
        name: {step.changes for step in objects[name].steps} - {""}
        for name in ("count_message_results", "run_daily_automation", "take_page_lock")
    }
    assert changed == {
        # A DELETE and a MERGE.
        "count_message_results": {"message_feedback", "caption_bandit_stats"},
        # Its MERGE inserts only.
        "run_daily_automation": set(),
        "take_page_lock": {"page_locks"},
    }


def reads(name: str) -> list[tuple[float, str, set[str]]]:
    """How often a call reads which columns of which table, its own calls included."""
    graph = cost.graph_of(load_stack_file("local"))
    found: list[tuple[float, str, set[str]]] = []

    def follow(called: str, often: float) -> None:
        for step in graph.objects[called].steps:
            tables = costs.tables_read(step.reads, graph)
            found.extend((often * step.share, table, set(one.columns)) for table, one in tables)
            if step.calls in graph.objects:
                follow(step.calls, often * step.share)

    follow(name, 1.0)
    return found


def test_rules_are_judged_of_what_the_health_check_has_counted():
    tables = {table for often, table, _ in reads("evaluate_alerts") if often == 1}
    assert tables == {"health_checks", "alert_states"}


def test_the_pool_is_counted_once_an_hour_at_most():
    often = [often for often, table, _ in reads("record_health_check") if table == "caption_bank"]
    assert 0 < max(often) <= 1 / 12


def test_feedback_reads_the_texts_of_the_bank_where_a_caption_has_no_key_only():
    of_bank = [one for one in reads("update_caption_performance") if one[1] == "caption_bank"]
    assert max(often for often, _, _ in of_bank) == 1
    assert max(often for often, _, columns in of_bank if "caption_text" in columns) <= 1 / 100


def test_docs_show_what_the_model_says():
    page = (PROJECT_ROOT / "docs/costs.md").read_text(encoding="utf-8")
    assert cost.table(figures()) in page, "run python -m dev.bench cost and copy its table"


@pytest.mark.parametrize("size", cost.SIZES, ids=lambda size: size.name)
def test_a_month_costs_no_more_than_its_target(size: cost.Size):
    assert sum(figures()[size.name].values()) <= size.target_usd


def test_what_the_builder_calls_is_in_the_model():
    for found in figures().values():
        assert found.keys() >= set(BUILDER_CALLS)
        assert min(found.values()) > 0


def test_ten_years_of_messages_cost_a_run_no_more_than_one():
    settings = load_stack_file("local")
    found = growth.read(cost.graph_of(settings), cost.SIZES[-1], settings)
    grown = {name for name, read in found.items() if read[10] > read[1]}
    # The results of a year are kept, and the recount reads them all.
    assert grown <= {"recount_caption_performance"}
    page = (PROJECT_ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
    assert growth.table(found) in page, "run python -m dev.bench growth and copy its table"
