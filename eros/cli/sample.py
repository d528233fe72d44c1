"""`eros sample`: load generated data into a stack that holds none of its own."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from eros.cli.common import Stack, console
from eros.cli.waiting import working
from eros.cloud.google import Google
from eros.cloud.local_control import present
from eros.project.stack_file import load_stack_file
from eros.sample import Size, generate, held, load, loaded_day


def sample(
    size: Annotated[Size, typer.Option(help="How much to generate.")] = Size.SMALL,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the generator: same seed and day, same data.")
    ] = 1,
    replace: Annotated[bool, typer.Option(help="Replace existing rows.")] = False,
    stack: Stack = "local",
) -> None:
    """Load a realistic sample: creators, captions, messages, assignments."""
    put(Google(load_stack_file(stack)), size, seed, replace)


def put_first(google: Google, size: Size | None, seed: int | None) -> bool:
    """Load the sample that is asked for; whether any row was written.

    Without a wish a sample that somebody has loaded is left alone.
    """
    if size is None and seed is None:
        known = held(google.bigquery, google.settings)
        asked = loaded_day(google.bigquery, google.settings, Size.SMALL, 1)
        if known is not None and asked is None:
            console.print(f"{known}: kept (eros sample --replace loads a new one)")
            return False
    return put(google, size or Size.SMALL, 1 if seed is None else seed, replace=False)


def put(google: Google, size: Size, seed: int, replace: bool) -> bool:
    """Generate and load one sample; whether any row was written.

    A sample that was loaded on an earlier day counts as the one asked for.
    """
    settings = google.settings
    today = present(settings).astimezone(ZoneInfo(settings.time_zone)).date()
    known = None if replace else loaded_day(google.bigquery, settings, size, seed)
    with working(f"sample: generating the {size.value} sample"):
        data = generate(size, seed, known or today)
    # On a terminal each table has a bar of its own.
    with working(f"sample: loading the {size.value} sample"):
        report = load(google.bigquery, settings, data, console=console, replace=replace)
    console.print(str(report))
    if replace:
        console.print(
            "Statistics and locks still come from the old rows until these schedules have run:\n"
            "  eros run update_caption_performance\n"
            "  eros run sweep_expired_caption_locks"
        )
    return report.changed
