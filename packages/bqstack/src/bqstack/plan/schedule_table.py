"""What the schedules of a plan cost, as a table of the comment."""

from __future__ import annotations

from collections.abc import Callable

from bqstack import amounts
from bqstack.markup import code, plain
from bqstack.plan.costs import Run, ScheduleCost
from bqstack.plan.whole_plan import Plan


def render(plan: Plan) -> str:
    """The table with its heading; empty where no schedule runs."""
    if not plan.schedules:
        return ""
    rows = [
        f"| {code(cost.name)} | {_runs(cost)} | {_scans(cost)} | {_money(cost, plan.usd_per_tib)} |"
        for cost in plan.schedules
    ]
    rows_of = (
        "of all rows that BigQuery reports, at least 10 MiB per table"
        if plan.rows_known
        else f"but row counts are unknown{_why(plan)}, so each table counts as BigQuery's minimum,"
        " 10 MiB"
    )
    table = "\n".join(
        [
            "| schedule | runs in 30 days | bytes per run, at most | USD in 30 days |",
            "| --- | --- | --- | --- |",
            *rows,
        ]
    )
    model = (
        "Modelled, because a dry run does not cover a script: every statement that a call"
        f" usually runs scans the columns that it names, {rows_of}. Partition filters are ignored."
        f" {plan.usd_per_tib:g} USD per TiB."
    )
    return f"\n#### Cost of schedules\n\n{table}\n\n<sub>{model}</sub>\n"


def _why(plan: Plan) -> str:
    return f" ({plain(plan.note)})" if plan.note else ""


def _runs(cost: ScheduleCost) -> str:
    return _sides(cost, _run_text)


def _run_text(run: Run) -> str:
    count = "?" if run.runs_per_month is None else f"{run.runs_per_month:,.0f}"
    return f"{count} ({plain(run.schedule) or 'on demand'}{', paused' if run.paused else ''})"


def _scans(cost: ScheduleCost) -> str:
    return _sides(cost, lambda run: size(run.bytes_per_run))


def _money(cost: ScheduleCost, usd_per_tib: float) -> str:
    def text(run: Run) -> str:
        usd = run.usd_per_month(usd_per_tib)
        return "?" if usd is None else f"{usd:,.2f}"

    return _sides(cost, text)


def _sides(cost: ScheduleCost, text: Callable[[Run], str]) -> str:
    before, after = (text(run) if run else "none" for run in (cost.before, cost.after))
    return before if before == after else f"{before} → {after}"


def size(number: int | None) -> str:
    """Bytes with their unit, or that nobody knows them."""
    return "an unknown number of bytes" if number is None else amounts.size(number)
