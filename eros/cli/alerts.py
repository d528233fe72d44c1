"""`eros alerts`: what fires, what has happened, and taking an alert."""

from __future__ import annotations

import getpass
import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bqstack.errors import UserError
from eros.cli.common import Format, Output, Stack, console
from eros.cloud.google import FAILURES, Google
from eros.project.alerts import Alerts, policy, state
from eros.project.settings import Settings, load_stack_file

app = typer.Typer(help="What fires, what has happened, and taking an alert.", no_args_is_help=True)

_WIDTH = 110
_COLOURS = {"CRITICAL": "red", "WARNING": "yellow", "INFO": "blue"}


@app.command(name="list")
def list_(
    stack: Stack = "local",
    firing: Annotated[bool, typer.Option(help="Only what is not healthy.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Every rule with its value and state."""
    settings = load_stack_file(stack)
    rules = settings.template_context()["alerts"]
    rows = [_shown(row, rules, settings) for row in state.status(Google(settings))]
    if firing:
        rows = [row for row in rows if row["state"] != "OK"]
    if output is Format.JSON:
        print(json.dumps(rows, indent=2, default=str))
    else:
        _print_status(rows)
        if not firing:
            _print_others(rules)


@app.command()
def history(
    stack: Stack = "local",
    days: Annotated[int, typer.Option(min=1, max=90, help="How far back.")] = 7,
    output: Output = Format.TEXT,
) -> None:
    """What was opened, repeated, escalated, acknowledged and resolved, newest first."""
    rows = state.history(Google(load_stack_file(stack)), days)
    if output is Format.JSON:
        print(json.dumps(rows, indent=2, default=str))
        return
    if not rows:
        console.print(f"nothing happened in {days} days")
        return
    table = Table("time (UTC)", "event", "rule", "title", "value", "by", box=None)
    for row in rows:
        table.add_row(
            f"{row['event_time']:%Y-%m-%d %H:%M}",
            row["event"],
            _coloured(row["rule_id"], row["severity"]),
            row["title"],
            _number(row["value"]),
            row["actor"] or "",
        )
    _print(table)


@app.command()
def ack(
    alert: Annotated[str, typer.Argument(help="Id of a rule, or name of a procedure's alert.")],
    stack: Stack = "local",
    by: Annotated[str | None, typer.Option(help="Who takes it; the user by default.")] = None,
) -> None:
    """Take an alert: it is not escalated any more."""
    person = by or getpass.getuser()
    try:
        state.acknowledge(Google(load_stack_file(stack)), alert, person)
    except FAILURES as error:
        if "no open alert" not in str(error):
            raise
        raise UserError(
            f"no open alert is named {alert!r}", fix="eros alerts list --firing shows what is open"
        ) from None
    console.print(f"{alert}: acknowledged by {person}", markup=False)


def _shown(row: dict[str, Any], rules: Alerts, settings: Settings) -> dict[str, Any]:
    """The row with what the catalogue knows of its rule, unless that is newer than the stack."""
    for rule in rules.rules:
        if rule.id == row["rule_id"]:
            link = policy.runbook_link(settings.runbook, rule)
            return row | {"unit": rule.unit, "priority": rule.priority, "runbook": link}
    return row


def _print_status(rows: list[dict[str, Any]]) -> None:
    if not rows:
        console.print("[green]✓[/] nothing fires")
        return
    table = Table("rule", "state", "title", "value", "fires", "since (UTC)", "taken by", box=None)
    for row in rows:
        is_open = row["state"] != "OK"
        table.add_row(
            _coloured(row["rule_id"], row["severity"] if is_open else None),
            row["state"],
            row["title"],
            _number(row["value"]),
            f"{'below' if row['is_below'] else 'above'} {_number(row['open_limit'])}",
            f"{row['opened_at']:%Y-%m-%d %H:%M}" if row["opened_at"] else "",
            row["acknowledged_by"] or "",
        )
    _print(table)


def _print_others(rules: Alerts) -> None:
    names = [f"{rule.id} {rule.title}" for rule in rules.rules if rule.metric is not None]
    console.print(f"judged by Cloud Monitoring itself: {', '.join(names)}", markup=False)


def _print(table: Table) -> None:
    # Rich supposes 80 columns where the output is no terminal.
    Console(highlight=False, width=max(console.width, _WIDTH)).print(table)


def _coloured(rule_id: str, severity: str | None) -> str:
    return f"[{_COLOURS[severity]}]{rule_id}[/]" if severity else rule_id


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.6g}"
