"""Jinja2 rendering of SQL files, with undefined names refused."""

from __future__ import annotations

from pathlib import Path

import jinja2
from jinja2 import meta

from bqstack import templates, texts
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
        message, fix = templates.undefined(error, source, context)
        raise UserError(message, file=shown, line=_template_line(error), fix=fix) from None
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
