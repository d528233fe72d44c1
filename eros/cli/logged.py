"""The hook through which every command is logged: start, end, and the audit of changes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import typer

from bqstack.errors import UserError
from eros import logs
from eros.cli.failed import reason
from eros.cli.interruption import Terminated, exit_code, words

# Commands that only look. Whatever is not named here is audited, and refused when its audit
# record cannot be written.
READ_ONLY = frozenset(
    {
        "adopt",
        "alerts history",
        "alerts list",
        "backup list",
        "dashboard",
        "health",
        "learning",
        "local clock show",
        "local inbox show",
        "local logs",
        "local status",
        "logs",
        "monitor",
        "plan",
        "preflight",
        "query",
        "validate",
    }
)


def log_commands(command: Any) -> None:
    """Wrap every leaf of a command tree (what `typer.main.get_command` makes)."""
    for name, leaf in leaves(command, ""):
        leaf.callback = _logged(name, leaf.callback)


def leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Commands without subcommands below a command, by their path."""
    for name, child in getattr(command, "commands", {}).items():
        full = f"{path} {name}".strip()
        if hasattr(child, "commands"):
            yield from leaves(child, full)
        else:
            yield full, child


def _logged(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(**options: Any) -> Any:
        _start(name, options.get("stack") or "local")
        log = logs.Log(name)
        changes = name not in READ_ONLY
        log.info("command started", options=options)
        if changes:
            log.audit(name, result="started", options=options)
        started = time.perf_counter()
        result = "succeeded"
        extras: dict[str, Any] = {}
        try:
            answer = function(**options)
            # Here, and not when Python ends, which would have the last word on it.
            sys.stdout.flush()
            return answer
        except BrokenPipeError:
            # Who reads the output has read enough, as `head` has: no mistake, and nothing to say.
            result = "interrupted" if changes else "succeeded"
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(128 + signal.SIGPIPE) from None
        except typer.Exit as end:
            extras["exit_code"] = end.exit_code
            result = "failed" if end.exit_code else "succeeded"
            raise
        except Terminated as end:
            result = "interrupted"
            print(f"eros {name}: {words(end)}", file=sys.stderr)
            raise typer.Exit(exit_code(end)) from None
        except (KeyboardInterrupt, typer.Abort, SystemExit):
            result = "interrupted"
            raise
        except BaseException as error:
            result = "failed"
            if (why := reason(error)) is not None:
                extras["error"] = why
            else:
                # A mistake of ours: the trace is what fixes it.
                log.critical("the command crashed")
            raise
        finally:
            extras |= {
                "result": result,
                "duration_seconds": round(time.perf_counter() - started, 3),
            }
            _end(log, name, changes, extras)

    return call


def _start(name: str, stack: str) -> None:
    try:
        logs.start(logs.default_folder(stack), forwarded=name not in READ_ONLY)
    except UserError as error:
        if name not in READ_ONLY:
            raise
        print(f"warning: {error}", file=sys.stderr)


def _end(log: logs.Log, name: str, changes: bool, extras: dict[str, Any]) -> None:
    for recorder in logs.recorders:
        recorder.flush()
        totals = vars(recorder.totals)
        if recorder.totals.jobs:
            log.performance("jobs of the command", **totals)
    failed = extras["result"] != "succeeded"
    (log.error if failed else log.info)("command ended", **extras)
    log.performance("command", result=extras["result"], duration_seconds=extras["duration_seconds"])
    if changes:
        log.audit(name, **extras)
    logs.finish()
