"""`eros dashboard`: the declared dashboards with the stack's figures as one HTML file."""

from __future__ import annotations

import tempfile
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from bqstack import amounts
from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from eros.cli.common import Stack, console, write_file
from eros.cli.waiting import working
from eros.cloud.google import Google
from eros.cloud.local_control import present
from eros.project import dashboards, figures
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file

_DAY = 24
# A look at the schedules is no reason to wait long.
_LOOK_SECONDS = 20.0
# Cloud Monitoring keeps log-based metrics for six weeks.
_SIX_WEEKS = 42 * _DAY


def dashboard(
    stack: Stack = "local",
    out: Annotated[
        Path | None, typer.Option("--output", "-o", help="Output file; a new one by default.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    hours: Annotated[
        float, typer.Option(min=1, max=_SIX_WEEKS, help="Hours of figures to show.")
    ] = _DAY,
) -> None:
    """Write the declared dashboards with the stack's real figures as one HTML file."""
    from eros.watch.dashboard import page
    from eros.watch.dashboard.cloud_figures import Monitoring, Window

    if out is not None:
        _check_target(out.resolve())
    settings = load_stack_file(stack)
    declared = dashboards.load(settings)
    google = Google(settings)
    window = Window.until(present(settings), hours)
    monitoring = Monitoring(google.api("monitoring"), settings.project, window)
    sources = figures.load(PROJECT_ROOT)
    with working("dashboard: reading the figures"):
        notice = notice_of(google)
        text = page.render(page.Page(settings, stack, monitoring, sources, notice), declared)
    path = _write(text, out, stack)
    console.print(f"{path} ({amounts.size(len(text.encode()))})", markup=False)
    if show and not webbrowser.open(path.as_uri()):
        raise UserError("no browser was found", fix=f"open {path} yourself")


def notice_of(google: Google) -> str:
    """Why figures may stand still: schedules that are paused, a local clock that does not run."""
    from eros.watch import pauses

    try:
        found = pauses.read(google, _LOOK_SECONDS)
        said = (
            [f"Scheduled queries: {found.words(present(google.settings))}"] if found.paused else []
        )
        if google.is_local and (trouble := pauses.clock_trouble(google)):
            said.append(f"Clock: {trouble}")
    except (UserError, *FAILURES) as error:
        reason = error.message if isinstance(error, UserError) else explained(error)
        said = [f"Whether scheduled queries run is not known: {reason}"]
    return ". ".join(said)


def _check_target(path: Path) -> None:
    if path.is_dir():
        raise UserError("it is a folder", file=path, fix=f"--output {path / 'dashboard.html'}")
    if not path.parent.is_dir():
        raise UserError("the folder does not exist", file=path, fix=f"mkdir -p {path.parent}")


def _write(text: str, out: Path | None, stack: str) -> Path:
    if out is None:
        folder = Path(tempfile.mkdtemp(prefix="eros-dashboard-"))
        out = folder / f"{stack}.html"
    write_file(out, text)
    return out.resolve()
