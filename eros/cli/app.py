"""Entry point of the command `eros`."""

from __future__ import annotations

import sys

import typer

from eros.cli import health, local, run, sample, validate
from eros.errors import UserError
from eros.google import FAILURES, explained

app = typer.Typer(
    help="Operate the EROS scheduling system.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(local.app, name="local")
app.command(name="run")(run.run)
app.command(name="health")(health.health)
app.command(name="sample")(sample.sample)
app.command(name="validate")(validate.validate)


def main() -> None:
    """Run the command; a mistake or a service's refusal ends in its message and exit code 1."""
    try:
        app()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except FAILURES as error:
        print(f"error: {explained(error)}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
