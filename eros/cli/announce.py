"""`eros announce`: notify people of a deployment to come, through the stack's channels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from bqstack.errors import UserError
from eros.cli.common import Stack, console
from eros.cli.waiting import working
from eros.cloud.google import Google
from eros.cloud.local_control import present
from eros.operations.notifying import Notice, send
from eros.project.stack_file import load_stack_file

# docs/checklists.md: a day before.
_AHEAD = timedelta(hours=24)


def announce(
    at: Annotated[str, typer.Option(help="Start of the deployment, UTC: 2026-12-01T18:00.")],
    what: Annotated[str, typer.Option(help="What is deployed.")],
    why: Annotated[str, typer.Option(help="Why.")],
    impact: Annotated[
        str, typer.Option(help="What users may notice.")
    ] = "no downtime; schedules keep running",
    way_back: Annotated[
        str, typer.Option(help="How it is undone.")
    ] = "definitions in 5 minutes, rows in 30, from the backup taken before",
    contact: Annotated[
        str | None, typer.Option(help="Who leads; by default the stack's alertEmail.")
    ] = None,
    stack: Stack = "local",
) -> None:
    """Announce a deployment, a day before, through the stack's notification channels."""
    settings = load_stack_file(stack)
    for key, text in (("--what", what), ("--why", why)):
        if not text.strip():
            raise UserError("people are to read something here", key=key, fix=f"{key} 'a sentence'")
    moment = _moment(at)
    now = present(settings)
    if moment <= now:
        raise UserError(
            "a deployment is announced before it starts",
            value=at,
            fix=f"give a moment after {now:%Y-%m-%dT%H:%M} UTC",
        )
    notice = Notice(
        phase="announced",
        subject=f"{settings.environment}: deployment on {moment:%Y-%m-%d} at {moment:%H:%M} UTC",
        what=what,
        why=why,
        impact=impact,
        way_back=way_back,
        next_update="when it starts",
        contact=contact or settings.alert_email,
    )
    with working(f"announce: notifying the channels of {stack}"):
        send(Google(settings), notice)
    console.print(f"announced: {notice.subject}", markup=False)
    if moment - now < _AHEAD:
        console.print(
            "warning: that is less than 24 hours ahead (docs/checklists.md)", markup=False
        )


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(
            "no moment", key="--at", value=text, fix="write it as 2026-12-01T18:00, in UTC"
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
