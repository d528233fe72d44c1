"""`eros local inbox`: the notifications that the local cloud has delivered."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from bqstack.amounts import counted
from bqstack.errors import UserError
from eros.cli.common import Format, Output, console, inert
from eros.cloud.local_control import Control
from eros.project.stack_file import load_stack_file

STACK = "local"
_RUNBOOK = re.compile(r"^Runbook: (\S+)", re.MULTILINE)
_COLOURS = {"open": "red", "repeated": "yellow", "closed": "green"}


app = typer.Typer(help="Notifications that the local cloud delivered.", invoke_without_command=True)


@app.callback()
def inbox(
    context: typer.Context,
    output: Output = Format.TEXT,
    only_open: Annotated[
        bool,
        typer.Option("--open/--all", help="Only notifications of incidents that are still open."),
    ] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Empty the inbox.")] = False,
) -> None:
    """Show what Slack, PagerDuty, e-mail and the other channels would have received."""
    if context.invoked_subcommand is not None:
        return
    control = Control(load_stack_file(STACK))
    if clear:
        console.print(f"{counted(control.clear_inbox(), 'notification')} deleted")
        return
    found = control.inbox()
    if only_open:
        closed = {_incident(one)["incident_id"] for one in found if _kind(one) == "closed"}
        found = [one for one in found if _incident(one)["incident_id"] not in closed]
    if output is Format.JSON:
        print(json.dumps(found, indent=2))
    elif found:
        for one in found:
            console.print(entry(one))
    else:
        console.print("no notifications")


@app.command()
def show(number: Annotated[int, typer.Argument(help="Number in the list.")]) -> None:
    """Show one notification in full."""
    for one in Control(load_stack_file(STACK)).inbox():
        if one["number"] == number:
            show_one(one)
            return
    raise UserError(
        "there is no notification with this number", value=number, fix="eros local inbox"
    )


def entry(one: dict[str, Any]) -> Text:
    """Three lines that are read at a width of 80, too: what, where to, why."""
    incident = _incident(one)
    kind = _kind(one)
    parts: list[Any] = [
        (f"{one['number']:>3}  ", "bold"),
        f"{_time(one['time'])} UTC  ",
        (f"{kind:<8}", _COLOURS[kind]),
        f"  {incident['severity']:<8}  ",
        (incident["policy_name"], "bold"),
        f"\n     {one['channel']['displayName']} · {_runbook(incident)}",
        (f"\n     {_why(incident)}", "dim"),
    ]
    return Text.assemble(
        *((inert(part[0]), part[1]) if isinstance(part, tuple) else inert(part) for part in parts)
    )


def show_one(one: dict[str, Any]) -> None:
    """Print a notification with all that it says."""
    incident, channel = _incident(one), one["channel"]
    documentation = incident.get("documentation", {})
    lines = {
        "time": f"{_time(one['time'])} UTC",
        "state": _kind(one),
        "severity": incident["severity"],
        "policy": incident["policy_name"],
        "condition": incident["condition_name"],
        "channel": f"{channel['displayName']} ({channel['type']})",
        "subject": documentation.get("subject", ""),
        "summary": incident["summary"],
        "incident": incident["incident_id"],
        "labels": ", ".join(f"{k}={v}" for k, v in incident["policy_user_labels"].items()),
        "links": "\n           ".join(
            f"{link['display_name']}: {link['url']}" for link in documentation.get("links", [])
        ),
    }
    for name, value in lines.items():
        if value:
            console.print(f"{name:<10} {value}", markup=False)
    if documentation.get("content"):
        console.print(f"\n{documentation['content']}", markup=False)


def _incident(one: dict[str, Any]) -> dict[str, Any]:
    incident: dict[str, Any] = one["payload"]["incident"]
    return incident


def _kind(one: dict[str, Any]) -> str:
    incident = _incident(one)
    return "repeated" if incident["renotify"] else incident["state"]


def _why(incident: dict[str, Any]) -> str:
    """The sentence with the figure; for a notice, which has none, its own first line."""
    if "extracted_labels" in incident:
        return str(incident.get("documentation", {}).get("subject", incident["summary"]))
    return str(incident["summary"])


def _runbook(incident: dict[str, Any]) -> str:
    """Where the runbook is: a link takes an address, a stack may name a file of the project."""
    documentation = incident.get("documentation", {})
    for link in documentation.get("links", []):
        return str(link["url"])
    found = _RUNBOOK.search(documentation.get("content", ""))
    return found[1] if found else ""


def _time(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M}"
