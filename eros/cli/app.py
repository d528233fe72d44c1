"""Entry point of the command `eros`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Annotated

import typer

from bqstack import texts
from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from eros.cli.common import print_error
from eros.cli.logged import log_commands
from eros.project import environment
from eros.project.settings import PROJECT_ROOT

_ASK, _CHANGE, _KEEP, _LAPTOP = "Look and ask", "Change the system", "Keep and restore", "Laptop"
# Each is a module beside this one, with the panel of the help that it stands in: a group of
# commands where it has an `app`, else the function of its own name.
COMMANDS = {
    "health": _ASK,
    "alerts": _ASK,
    "monitor": _ASK,
    "query": _ASK,
    "dashboard": _ASK,
    "run": _ASK,
    "validate": _CHANGE,
    "plan": _CHANGE,
    "preflight": _CHANGE,
    "deploy": _CHANGE,
    "rollback": _CHANGE,
    "repair": _CHANGE,
    "adopt": _CHANGE,
    "docs": _CHANGE,
    "backup": _KEEP,
    "local": _LAPTOP,
    "sample": _LAPTOP,
}


def build(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The command with these of COMMANDS."""
    app = typer.Typer(
        help="Operate the EROS scheduling system.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    # A single command would otherwise stand without its name.
    app.callback()(_root)
    for name in names:
        module = import_module(f"eros.cli.{name}")
        panel = COMMANDS[name]
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name, rich_help_panel=panel)
        else:
            app.command(name=name, rich_help_panel=panel)(getattr(module, name))
    return app


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            help="Show the version and the commit.",
            is_eager=True,
            callback=lambda asked: _show_version() if asked else None,
        ),
    ] = False,
) -> None:
    del version


def _show_version() -> None:
    import tomllib

    project = tomllib.loads(texts.read(PROJECT_ROOT / "pyproject.toml", "pyproject.toml"))
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    commit = f", commit {found.stdout.strip()}" if found.returncode == 0 else ""
    typer.echo(f"eros {project['project']['version']}{commit}")
    raise typer.Exit


def main() -> None:
    """Run the command; a mistake or a service's refusal ends in its message and exit code 1."""
    environment.prepare()
    # Most of a short command's time would go into importing the others.
    asked = [word for word in sys.argv[1:2] if word in COMMANDS]
    command = typer.main.get_command(build(asked or COMMANDS))
    log_commands(command)
    try:
        command()
    except UserError as error:
        print_error(f"error: {error}")
        sys.exit(1)
    except FAILURES as error:
        print_error(f"error: {explained(error)}")
        sys.exit(1)


if __name__ == "__main__":
    main()
