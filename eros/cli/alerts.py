"""`eros alerts`: what fires, what has happened, and taking an alert."""

from __future__ import annotations

import getpass
import json
import sys
from typing import Annotated

import typer
from rich.text import Text

from bqstack.amounts import counted
from bqstack.errors import UserError
from bqstack.failures import FAILURES
from eros.cli import answers, completion
from eros.cli.common import Format, Output, Stack, console
from eros.cli.waiting import working
from eros.cloud.google import Google
from eros.project.alerts import rule_values
from eros.project.project import Project
from eros.project.stack_file import load_stack_file
from eros.watch import alert_states, standing
from eros.watch.monitor_query import Answer
from eros.watch.standing import Standing

app = typer.Typer(help="List alerts, show their history, acknowledge one.", no_args_is_help=True)

_COLOURS = {"CRITICAL": "red", "WARNING": "yellow", "INFO": "blue"}


@app.command(name="list")
def list_(
    stack: Stack = "local",
    firing: Annotated[bool, typer.Option(help="Only alerts that are not healthy.")] = False,
    output: Output = Format.TEXT,
    wide: answers.Wide = False,
) -> None:
    """List every rule with its value and state, including those of Cloud Monitoring."""
    settings = load_stack_file(stack)
    google = Google(settings)
    with working("alerts: reading every rule"):
        found = standing.read(google, Project(settings).alerts)
    rows = [one for one in found.rules if one.is_open or not firing]
    if firing:
        # What nobody has judged lately must not hide what is known to be open.
        rows.sort(key=lambda one: not one.is_firing)
    if output is Format.JSON:
        print(json.dumps([one.document(settings.runbook) for one in rows], indent=2, default=str))
    elif rows:
        answers.show(console, _listed(rows), wide=wide)
    else:
        console.print("[green]✓[/] nothing fires")
    if output is not Format.JSON and (taken := standing.taken_elsewhere(google, rows)):
        console.print(taken, markup=False)
    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)


@app.command()
def history(
    stack: Stack = "local",
    days: Annotated[int, typer.Option(min=1, max=90, help="Days of history to show.")] = 7,
    output: Output = Format.TEXT,
    wide: answers.Wide = False,
) -> None:
    """Show alert events, newest first: opened, repeated, escalated, acknowledged, resolved."""
    with working("alerts: reading the events"):
        settings = load_stack_file(stack)
        rows = alert_states.history(Google(settings), days)
        units = {rule.id: rule.unit for rule in Project(settings).alerts.rules}
    if output is Format.JSON:
        print(json.dumps(rows, indent=2, default=str))
        return
    if not rows:
        console.print(f"nothing happened in {counted(days, 'day')}")
        return
    columns = ("time (UTC)", "event", "rule", "title", "value", "by")
    answers.show(
        console,
        Answer(
            columns,
            [
                (
                    f"{row['event_time']:%Y-%m-%d %H:%M}",
                    row["event"],
                    _coloured(row["rule_id"], row["severity"]),
                    row["title"],
                    rule_values.amount(row["value"], units.get(row["rule_id"], ""))
                    if row["value"] is not None
                    else "unknown",
                    row["actor"],
                )
                for row in rows
            ],
        ),
        wide=wide,
    )


@app.command()
def ack(
    alert: Annotated[
        str,
        typer.Argument(
            help="Id of a rule, or name of a procedure's alert.", autocompletion=completion.rules
        ),
    ],
    stack: Stack = "local",
    by: Annotated[
        str | None, typer.Option(help="Who takes it; by default the current user.")
    ] = None,
) -> None:
    """Acknowledge an alert, which stops its escalation."""
    person = by or getpass.getuser()
    settings = load_stack_file(stack)
    google = Google(settings)
    rules = {rule.id: rule for rule in Project(settings).alerts.rules}
    rule = rules.get(alert.upper())
    if rule is not None and rule.metric is not None:
        raise UserError(
            f"Cloud Monitoring judges {rule.id}, and it can be taken only there",
            fix=standing.where_taken(google),
        )
    try:
        alert_states.acknowledge(google, alert, person)
    except FAILURES as error:
        if "no open alert" not in str(error):
            raise
        raise _refusal(google, alert) from None
    console.print(f"{alert}: acknowledged by {person}", markup=False)


def _refusal(google: Google, alert: str) -> UserError:
    """Why there is nothing to take, in agreement with what `list` shows."""
    firing = "eros alerts list --firing shows what is open"
    states = {row["rule_id"]: row for row in alert_states.status(google)}
    row = states.get(alert.upper())
    if row is None:
        return UserError(
            "no rule and no open alert of a procedure has this name", value=alert, fix=firing
        )
    if row["state"] == "ACKNOWLEDGED":
        return UserError(f"{row['rule_id']} is taken already, by {row['acknowledged_by']}")
    if row["state"] == "PENDING":
        return UserError(
            f"{row['rule_id']} is pending: it opens when its value stays beyond the limit",
            fix=f"eros alerts list --firing; take it when it says {standing.OPEN}",
        )
    return UserError(f"{row['rule_id']} is not open", fix=firing)


def _listed(rows: list[Standing]) -> Answer:
    columns = ("rule", "state", "title", "value", "fires", "since (UTC)", "taken by")
    return Answer(
        columns,
        [
            (
                _coloured(one.id, one.severity if one.is_firing else None),
                one.state_words,
                one.title,
                one.value_words,
                one.limit_words,
                f"{one.opened:%Y-%m-%d %H:%M}" if one.opened else "",
                one.taken_by,
            )
            for one in rows
        ],
    )


def _coloured(rule_id: str, severity: str | None) -> Text:
    return Text(rule_id, style=_COLOURS[severity] if severity else "")
