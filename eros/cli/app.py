"""Entry point of the command `eros`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import typer

from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from eros.cli.logged import log_commands
from eros.project import environment

# Each is a module beside this one: a group of commands where it has an `app`, else the
# function of its own name.
COMMANDS = (
    "local",
    "alerts",
    "backup",
    "adopt",
    "run",
    "dashboard",
    "deploy",
    "docs",
    "health",
    "monitor",
    "plan",
    "preflight",
    "query",
    "repair",
    "rollback",
    "sample",
    "validate",
)


def build(names: Sequence[str] = COMMANDS) -> typer.Typer:
    """The command with these of COMMANDS."""
    app = typer.Typer(
        help="Operate the EROS scheduling system.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    # A single command would otherwise stand without its name.
    app.callback()(lambda: None)
    for name in names:
        module = import_module(f"eros.cli.{name}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name=name)(getattr(module, name))
    return app


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
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except FAILURES as error:
        print(f"error: {explained(error)}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
