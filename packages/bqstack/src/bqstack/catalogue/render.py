"""Jinja2 rendering of SQL files, with undefined names refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

import jinja2
from jinja2 import meta

from bqstack import texts
from bqstack.errors import UserError
from bqstack.unchecked import JsonMapping

_environment = jinja2.Environment(
    undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False
)


def render(path: Path, shown: Path, context: JsonMapping) -> str:
    """Text of the file at `path`; `shown` is the name that errors carry.

    Templates keep one output line per source line, so that a line number found in the
    rendered text is the line number in the file.
    """
    return text_of(texts.read(path, shown), shown, context)


def text_of(source: str, shown: Path, context: JsonMapping) -> str:
    """The rendered text of a template that is no file (yet)."""
    try:
        return _environment.from_string(source).render(context)
    except jinja2.UndefinedError as error:
        raise _undefined(error, source, shown, context) from None
    except jinja2.TemplateSyntaxError as error:
        raise _no_template(error, shown) from None


def is_left_out(source: str, rendered: str) -> bool:
    """Whether a template says nothing for this stack: what it would declare is left out."""
    return "{%" in source and not rendered.strip()


def names(source: str, shown: Path) -> set[str]:
    """The names that a template takes from outside; raises UserError where it is none."""
    try:
        return meta.find_undeclared_variables(_environment.parse(source))
    except jinja2.TemplateSyntaxError as error:
        raise _no_template(error, shown) from None


def _undefined(
    error: jinja2.UndefinedError, source: str, shown: Path, context: JsonMapping
) -> UserError:
    """What is missing, in the words of who wrote it, and the name that was probably meant."""
    message, owner, known = error.message or "", "", sorted(context)
    missing = re.search(r"has no attribute '(\w+)'$|^'(\w+)' is undefined$", message)
    name = (missing[1] or missing[2]) if missing else ""
    if missing and missing[1]:
        for written in re.finditer(rf"\b(\w+)\.{name}\b", source):
            if written[1] in context:
                value = context[written[1]]
                owner = f"{written[1]}."
                known = sorted(value if isinstance(value, Mapping) else vars(value))
                break
    close = get_close_matches(name, known, n=1)
    return UserError(
        f"the template uses a name that is not defined: {owner}{name or message}",
        file=shown,
        line=_template_line(error),
        fix=f"did you mean {owner}{close[0]}?"
        if close
        else f"use one of: {', '.join(owner + one for one in known)}",
    )


def _no_template(error: jinja2.TemplateSyntaxError, shown: Path) -> UserError:
    return UserError(f"template syntax: {error.message}", file=shown, line=error.lineno)


def _template_line(error: Exception) -> int | None:
    """Line of the innermost frame that belongs to the template."""
    line, trace = None, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
