"""Command line of the local cloud: `python -m localgcp up|down|status|logs|clean`."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from localgcp import logs as log_files
from localgcp.errors import LocalCloudError
from localgcp.paths import DataFolder
from localgcp.servers import SERVICES
from localgcp.supervisor import Status, Supervisor, as_json

app = typer.Typer(
    help="Google Cloud on your machine: BigQuery and the other APIs, on the loopback address.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_COLOURS = {"running": "green", "silent": "yellow", "died": "red", "stopped": "dim"}


class Format(StrEnum):
    """How `status` is printed."""

    TABLE = "table"
    JSON = "json"


def _say(line: str) -> None:
    print(line, flush=True)


def _supervisor() -> Supervisor:
    return Supervisor(DataFolder.from_environment(), _say)


@app.command()
def up() -> None:
    """Start the servers that do not run and wait until they answer."""
    changed = _supervisor().up()
    _say("local cloud: up" if changed else "local cloud: already up, nothing to do")


@app.command()
def down() -> None:
    """Stop the servers; all data stay."""
    stopped = _supervisor().down()
    _say("local cloud: down, data kept" if stopped else "local cloud: not running")


@app.command()
def clean() -> None:
    """Stop the servers and delete the data folder."""
    folder = DataFolder.from_environment()
    deleted = _supervisor().clean()
    _say(f"local cloud: {folder.root} deleted" if deleted else "local cloud: nothing to delete")


@app.command()
def status(
    output: Annotated[Format, typer.Option("--format", help="Table or JSON.")] = Format.TABLE,
) -> None:
    """Show each server; exit code 0 when all run, else 1."""
    statuses = _supervisor().status()
    if output is Format.JSON:
        print(as_json(statuses))
    else:
        Console().print(_table(statuses))
        print(f"data and logs: {DataFolder.from_environment().root}")
    if any(one.state != "running" for one in statuses):
        raise typer.Exit(1)


@app.command()
def addresses() -> None:
    """Print where BigQuery is, for eval: the variables that Google's own clients read."""
    for name, value in _supervisor().addresses().items():
        print(f"export {name}={value}")


def _table(statuses: list[Status]) -> Table:
    table = Table("server", "state", "address", "process")
    for one in statuses:
        colour = _COLOURS[one.state]
        table.add_row(
            one.title,
            f"[{colour}]{one.state}[/{colour}]",
            f"127.0.0.1:{one.port}" if one.port else "",
            str(one.pid or ""),
        )
    return table


@app.command()
def logs(
    name: Annotated[str | None, typer.Argument(help="One server; all without it.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Last lines of each.")] = 20,
) -> None:
    """Show what the servers wrote."""
    names = [service.name for service in SERVICES]
    if name is not None and name not in names:
        raise LocalCloudError(f"there is no server {name!r}", fix=f"one of {', '.join(names)}")
    folder = DataFolder.from_environment()
    files = [folder.log(one) for one in names if name in (None, one)]
    for source, line in log_files.last_lines(files, lines):
        _say(f"{source:<9}| {line}")
    if follow:
        for source, line in log_files.follow(files):
            _say(f"{source:<9}| {line}")


def main() -> int:
    """Run the command line; errors are one message, without a traceback."""
    try:
        app()
    except LocalCloudError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
