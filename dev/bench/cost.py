"""What the system's queries cost a month on Google, by the model of `eros plan`, at two sizes.

Nothing runs: the statements are those of the rendered SQL, the sizes are assumptions that stand
here. docs/costs.md shows the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bqstack.analysis.analyser import Analyser
from bqstack.guard import declarations
from bqstack.plan import costs, lineage
from bqstack.plan.costs import DAYS, TIB, Volume
from bqstack.plan.lineage_graph import Graph
from bqstack.plan.sources import Side
from components.system import System, read
from dev.bench.benchmark import Figure, Figures, benchmark
from dev.bench.lab import Lab
from eros.project import schedules
from eros.project.settings import BUILDER_CALLS, PROJECT_ROOT, Settings
from eros.project.stack_file import load_stack_file

_MESSAGES_PER_DAY = 12
_TEXT, _KEY, _LABELS, _JSON, _STATEMENT = 230, 66, 150, 1500, 1000


@dataclass(frozen=True)
class Size:
    """A system, and what it may cost a month at most."""

    pages: int
    captions: int
    """Per page."""
    target_usd: float

    @property
    def name(self) -> str:
        """As people say it."""
        return f"{self.pages} x {self.captions:,}"


SIZES = (Size(100, 10_000, 6.0), Size(500, 50_000, 20.0))


def volumes(size: Size, years: int = 1) -> dict[str, Volume]:
    """How much each table holds after so many years of messages, evenly over the pages.

    Logs and results end after the days that the settings say, so they hold what one year leaves.
    """
    pages, arms = size.pages, size.pages * size.captions
    sent = pages * _MESSAGES_PER_DAY
    tried = pages * min(size.captions, 365 * _MESSAGES_PER_DAY)
    texts = {"caption_text": _TEXT, "message_text": _TEXT, "caption_key": _KEY, "text_key": _KEY}
    runs = 200 + pages
    return {
        "caption_bank": Volume(arms, groups=pages, widths=texts),
        "caption_keys": Volume(arms, groups=pages, widths=texts),
        "caption_bandit_stats": Volume(tried, groups=pages, widths=texts),
        "mass_messages": Volume(years * 365 * sent, recent=31 * sent, groups=pages, widths=texts),
        # A feedback run compares a month, replaces rows of it, and adds up the year of what it
        # touches.
        "message_feedback": Volume(365 * sent, changed=31 * sent, groups=pages),
        # What ranking earns is compared over 90 days.
        "caption_choices": Volume(365 * sent, recent=90 * sent, groups=pages),
        # A sweep ends the locks of a day, an archive run moves those of one.
        "active_caption_assignments": Volume(97 * sent, changed=sent, groups=pages),
        "archived_caption_assignments": Volume(years * 365 * sent, recent=31 * sent, groups=pages),
        "schedule_recommendations": Volume(years * 365 * sent, recent=31 * sent, groups=pages),
        "schedule_generation_queue": Volume(90 * pages, recent=31 * pages, changed=2 * pages),
        "etl_job_runs": Volume(90 * runs, recent=7 * runs, changed=2 * runs),
        "job_history": Volume(
            90 * 40 * runs,
            recent=2 * 40 * runs,
            widths={"labels": _LABELS, "error_result": 100, "query": _STATEMENT},
        ),
        # Of each five minutes what the health check and the look at the runs hand on.
        "stored_figures": Volume(90 * 650, recent=2 * 650, widths={"details": _JSON}),
        "health_checks": Volume(90 * 288, recent=288, widths={"details": _JSON, "figures": _JSON}),
        "page_locks": Volume(pages),
        # A handful of classes, the week and the holidays of a year.
        "page_figures": Volume(
            pages, groups=pages, widths={"classes": 400, "weekdays": 120, "holidays": 320}
        ),
    }


def graph_of(settings: Settings) -> Graph:
    """The objects of a stack with these settings, as the program declares them."""
    # It needs no cloud, not even the local one.
    settings = settings.model_copy(update={"endpoints_file": None})
    files = read(settings)
    found = declarations.declarations(
        lambda: System("eros", settings, files).exports, project="eros", stack=settings.environment
    )
    return lineage.graph(Side("files", tuple(found.resources)), Analyser())


def monthly(graph: Graph, size: Size, settings: Settings) -> dict[str, float]:
    """US dollars a month by schedule and by procedure that the builder calls."""
    price = settings.prices.query_usd_per_tib / TIB
    held = volumes(size)
    found: dict[str, float] = {}
    entries = schedules.load()
    for config in schedules.transfer_configs(settings, PROJECT_ROOT):
        name = procedure(entries[config.schedule_name].call, graph)
        runs = costs.runs_per_month(config.schedule) or 0.0
        # Of the two configs of a local time one does its work on any day.
        share = 0.5 if name == "run_daily_automation" else 1.0
        billed = costs.bytes_of_call(name, graph, held)
        found[name] = found.get(name, 0.0) + share * runs * billed * price
    for name in BUILDER_CALLS:
        calls = DAYS * size.pages
        found[name] = calls * costs.bytes_of_call(name, graph, held) * price
    return {name: usd for name, usd in found.items() if usd}


def procedure(call: str, graph: Graph) -> str:
    """The procedure that a schedule's statement calls."""
    [name] = [n for n, o in graph.objects.items() if o.kind == "PROCEDURE" and f".{n}(" in call]
    return name


def table(found: Mapping[str, Mapping[str, float]]) -> str:
    """The costs by size as a table of Markdown, dearest first."""
    sizes = list(found)
    names = sorted(found[sizes[-1]], key=lambda name: -found[sizes[-1]][name])
    lines = [f"| US dollars in 30 days | {' | '.join(sizes)} |", f"| --- |{' ---: |' * len(sizes)}"]
    lines += [
        f"| `{name}` | {' | '.join(f'{found[size][name]:.2f}' for size in sizes)} |"
        for name in names
    ]
    totals = " | ".join(f"**{sum(found[size].values()):.2f}**" for size in sizes)
    return "\n".join([*lines, f"| **all** | {totals} |"])


@benchmark("cost", "modelled cost of a month on Google at two sizes, with its targets")
def cost(lab: Lab) -> Figures:
    """No sample is taken: the model has no chance in it."""
    settings = load_stack_file("local")
    graph = graph_of(settings)
    figures: list[Figure] = []
    for size in SIZES:
        total = sum(monthly(graph, size, settings).values())
        verdict = "met" if total <= size.target_usd else "missed"
        lab.say(f"{size.name}: {total:.2f} US dollars, target {size.target_usd:g}: {verdict}")
        figures.append(Figure(f"a month at {size.name}", "USD", (total,)))
    return Figures(tuple(figures), {})
