"""Entry point of the command `eros`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Annotated

import typer

from bqstack import texts
from eros.cli import interruption, waiting
from eros.cli.summaries import SUMMARIES
from eros.project import environment

_ASK, _CHANGE, _KEEP, _LAPTOP = "Look and ask", "Change the system", "Keep and restore", "Laptop"
# Each is a module beside this one, with the panel of the help that it stands in: a group of
# commands where it has an `app`, else the function of its own name.
COMMANDS = {
    "health": _ASK,
    "alerts": _ASK,
    "monitor": _ASK,
    "query": _ASK,
    "learning": _ASK,
    "dashboard": _ASK,
    "logs": _ASK,
    "run": _ASK,
    "validate": _CHANGE,
    "plan": _CHANGE,
    "diff": _CHANGE,
    "preflight": _CHANGE,
    "announce": _CHANGE,
    "deploy": _CHANGE,
    "rollback": _CHANGE,
    "repair": _CHANGE,
    "adopt": _CHANGE,
    "docs": _CHANGE,
    "sandbox": _CHANGE,
    "backup": _KEEP,
    "local": _LAPTOP,
    "sample": _LAPTOP,
}


_GROUPS = frozenset({"alerts", "backup", "local", "sandbox"})
# Typer's variables with the words that are to be completed, one for each kind of shell.
_COMPLETED = ("COMP_WORDS", "_TYPER_COMPLETE_ARGS")
# What the command as a whole takes.
_HELP = frozenset({"-h", "--help", "-V", "--version"})


def build(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The command with these of COMMANDS."""
    app = _empty()
    for name in names:
        module = import_module(f"eros.cli.{name}")
        panel = COMMANDS[name]
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name, rich_help_panel=panel)
        else:
            app.command(name=name, rich_help_panel=panel)(getattr(module, name))
    return app


def outline() -> typer.Typer:
    """The command with all names and their help, none of which can be run; quick to make."""
    app = _empty()
    # typer puts groups behind the others.
    for name in sorted(COMMANDS, key=_GROUPS.__contains__):
        app.command(name=name, help=SUMMARIES[name], rich_help_panel=COMMANDS[name])(_nothing)
    return app


def _nothing() -> None:
    """Stands for a command whose module is not imported."""


def _empty() -> typer.Typer:
    app = typer.Typer(
        help="Operate the EROS scheduling system.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    # A single command would otherwise stand without its name.
    app.callback()(_root)
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
    typer.echo(f"eros {_installed_version() if environment.IS_INSTALLED else _checkout_version()}")
    raise typer.Exit


def _installed_version() -> str:
    from importlib.metadata import version

    return version("eros")


def _checkout_version() -> str:
    import tomllib

    project = tomllib.loads(texts.read(environment.ROOT / "pyproject.toml", "pyproject.toml"))
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=environment.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    commit = f", commit {found.stdout.strip()}" if found.returncode == 0 else ""
    return f"{project['project']['version']}{commit}"


def asked(words: list[str], environ: Mapping[str, str]) -> str | None:
    """The command of COMMANDS that a command line, or one that is completed, names.

    None when it names none; empty text when it asks for no more than the names.
    """
    completed = next((environ[name] for name in _COMPLETED if environ.get(name)), None)
    if completed is not None:
        words = completed.split()[1:]
    if words and words[0] in COMMANDS:
        return words[0]
    return "" if completed is not None or not words or words[0] in _HELP else None


def main() -> None:
    """Run the command; a mistake or a service's refusal ends in its message and exit code 1."""
    environment.prepare()
    interruption.begin()
    # Most of a short command's time would go into importing the others.
    name = asked(sys.argv[1:], os.environ)
    if name == "":
        outline()()
        return
    names = [name] if name else COMMANDS
    if any(os.environ.get(variable) for variable in _COMPLETED):
        # A shell asks for words, and nothing may stand beside them.
        typer.main.get_command(build(names))()
        return
    waiting.begin()
    called = f"eros {name}" if name else "eros"
    try:
        _run(names, called)
    except KeyboardInterrupt as end:
        # Before the command's own work, which ends in its own words.
        print(f"{called}: {interruption.words(end)}", file=sys.stderr)
        sys.exit(interruption.exit_code(end))


def _run(names: Iterable[str], called: str) -> None:
    # On a busy machine it takes its time.
    with waiting.working(f"{called}: loading"):
        # Logs, which no help needs.
        from eros.cli.common import print_error
        from eros.cli.failed import reason
        from eros.cli.logged import log_commands

        command = typer.main.get_command(build(names))
        log_commands(command)
    try:
        command()
    except Exception as error:
        why = reason(error)
        if why is None and isinstance(error, OSError) and error.filename is not None:
            # Such as the file that --install-completion writes into a home that takes none.
            why = f"{error.filename}: {error.strerror}"
        if why is None:
            raise
        print_error(f"error: {why}")
        sys.exit(1)


if __name__ == "__main__":
    main()
