"""How long builders wait where everybody comes at once; nothing fails or is given twice."""

from __future__ import annotations

from dev.bench import crowd
from dev.bench.benchmark import Figure, Figures, benchmark, seconds
from dev.bench.emulator import Emulator
from dev.bench.lab import BenchmarkError, Lab
from eros.project.stack_file import load_stack_file

_PROCEDURES = ("claim_schedule_request", "select_captions_for_creator", "finish_claimed_request")
_REQUESTS = 32


@benchmark("load", "16 schedule builders on 16 pages and on one, beside every schedule")
def load(lab: Lab) -> Figures:
    """Both crowds, once each: the longest wait is the figure, not a mean."""
    figures: list[Figure] = []
    for pages in (16, 1):
        outcome = _crowd(lab, pages)
        lab.say(f"{pages} pages: {sum(outcome.claims.values())} requests, nothing failed")
        figures += [
            seconds(f"longest {procedure}, {pages} pages", [outcome.longest(procedure)])
            for procedure in _PROCEDURES
        ]
    return Figures(tuple(figures), {"builders": crowd.BUILDERS, "requests": _REQUESTS})


def _crowd(lab: Lab, pages: int) -> crowd.Outcome:
    """BenchmarkError where a job fails, or a request or a caption is given twice."""
    settings = load_stack_file("local")
    automation = settings.automation.model_copy(update=crowd.AUTOMATION)
    settings = settings.model_copy(update={"automation": automation})
    with Emulator(lab.folder(f"load-{pages}"), settings) as emulator:
        emulator.create()
        emulator.run(crowd.given(pages, _REQUESTS))
        outcome = crowd.come(emulator.run)
        [left] = emulator.run(
            "SELECT COUNT(*) AS requests FROM schedule_generation_queue"
            " WHERE execution_date >= '2000-01-01' AND status != 'COMPLETED'"
        )
    faults = [
        *outcome.failures,
        *(f"request twice: {one}" for one in outcome.requests_twice),
        *(f"caption twice: {one}" for one in outcome.captions_twice),
        *([f"{left.requests} requests are not completed"] if left.requests else []),
    ]
    if faults:
        raise BenchmarkError("\n".join(faults))
    return outcome
