"""`eros plan`: what a change would do, before it does it."""

from __future__ import annotations

import enum
import json
import re
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from bqstack.errors import UserError
from eros.cli.common import Stack, console, inert, make_folder, write_file
from eros.cli.waiting import working
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file

# The class of a planned change as `bqstack.plan.terminal.text` writes it, after the verb.
COLOURS = {"none": "green", "reversible": "cyan", "warning": "yellow", "lossy": "bold red"}
_LEADS = {"broken by this change:": "bold red", "check:": "yellow"}
_CLASS = re.compile(rf"^\S.*?\s(?P<loss>{'|'.join(COLOURS)})\s")


class Format(enum.Enum):
    """How the plan is printed."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


class Refuse(enum.Enum):
    """What makes the command fail."""

    NOTHING = "nothing"
    LOSSY = "lossy"


def plan(
    stack: Stack = "local",
    base: Annotated[
        str | None,
        typer.Option(help="Commit to compare with; by default the stack's state."),
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="Commit to plan; the working tree by default.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for STACK.md and STACK.json."),
    ] = None,
    out_format: Annotated[
        Format, typer.Option("--format", help="text, markdown or json.")
    ] = Format.TEXT,
    refuse: Annotated[
        Refuse, typer.Option(help="lossy: exit code 1 if data would be lost.")
    ] = Refuse.NOTHING,
    preview: Annotated[
        bool | None,
        typer.Option(
            help="Include `pulumi preview --diff` in the Markdown; the default without --base."
        ),
    ] = None,
    ask_cloud: Annotated[
        bool,
        typer.Option("--ask-cloud/--offline", help="Ask BigQuery for row counts and dry runs."),
    ] = True,
    link: Annotated[str, typer.Option(envvar="EROS_PLAN_LINK", help="Link to the full plan.")] = "",
) -> None:
    """Show what a change would do: objects, downstream columns, losses, schedules, costs."""
    if head is not None and base is None:
        raise UserError("--head needs --base", fix=f"eros plan --base {head}^ --head {head}")
    settings = load_stack_file(stack)
    if output is not None:
        make_folder(output)
    with working(f"plan: reading the current and the planned state of {stack}"):
        # The analyser and the clients take longer to import than most commands.
        from bqstack.plan import as_json, build, markdown, raw, sources, terminal
        from eros.cloud.google import Google

        sides = (
            sources.trees(stack, base, head, PROJECT_ROOT)
            if base
            else sources.against_state(stack, PROJECT_ROOT)
        )
    if preview is None:
        preview = base is None and (output is not None or out_format is Format.MARKDOWN)
    shown = ""
    if preview:
        with working(f"plan: pulumi preview of {stack}"):
            shown = raw.preview(stack, PROJECT_ROOT)
    connect = (lambda: Google(settings)) if ask_cloud else None
    with working("plan: following the change through the system"):
        made = build(
            settings,
            stack,
            *sides,
            connect=connect,
            preview=shown,
            settings_warnings=settings.warnings,
        )
    forms = {
        Format.TEXT: lambda: terminal.text(made),
        Format.MARKDOWN: lambda: markdown.render(made, link),
        Format.JSON: lambda: json.dumps(as_json(made), indent=2, ensure_ascii=False),
    }
    if output is not None:
        write_file(output / f"{stack}.md", forms[Format.MARKDOWN]())
        write_file(output / f"{stack}.json", forms[Format.JSON]() + "\n")
    if out_format is Format.TEXT and console.is_terminal:
        for line in forms[out_format]().splitlines():
            console.print(coloured(line))
    else:
        print(forms[out_format]())
    if refuse is Refuse.LOSSY and made.refused:
        lost = ", ".join(dict.fromkeys(detail.allowance for _, detail in made.refused))
        raise UserError(
            f"the plan loses something: {lost}", fix="docs/guard.md says how to allow it"
        )


def coloured(line: str) -> Text:
    """A line of the plan on a terminal: what is planned in the colour of its class.

    Rich leaves colours out where NO_COLOR is set.
    """
    text = Text(inert(line))
    for start, colour in _LEADS.items():
        if line.startswith(start):
            text.stylize(colour, 0, len(start))
    found = _CLASS.match(line)
    if found:
        text.stylize(COLOURS[found["loss"]], found.start("loss"), found.end("loss"))
    return text
