"""Jinja2 in single values of the catalogues; whole files are bqstack.catalogue.render's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

import jinja2

from bqstack.errors import UserError
from bqstack.unchecked import JsonMapping

_environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)


def fill(text: str, context: JsonMapping, file: Path, key: str) -> str:
    """`text` with its expressions filled in; raises UserError that names file and key."""
    if "{" not in text:
        return text
    try:
        return _compiled(text).render(context)
    except jinja2.UndefinedError as error:
        message, fix = undefined(error, text, context)
        raise UserError(message, file=file, key=key, fix=fix) from None
    except jinja2.TemplateError as error:
        raise UserError(f"template: {error.message}", file=file, key=key) from None
    except TypeError as error:
        # Arithmetic with a setting that is no number.
        raise UserError(f"template: {error}", file=file, key=key) from None


def undefined(
    error: jinja2.UndefinedError, source: str, context: JsonMapping
) -> tuple[str, str | None]:
    """What is missing, as it is written in the source, and the name that was probably meant."""
    message, owner, known = error.message or "", "", sorted(context)
    missing = re.search(r"has no attribute '(\w+)'$|^'(\w+)' is undefined$", message)
    name = (missing[1] or missing[2]) if missing else ""
    if missing and missing[1]:
        for written in re.finditer(rf"\b(\w+)\.{name}\b", source):
            if written[1] in context:
                value = context[written[1]]
                owner = f"{written[1]}."
                # A text or a number has no settings of its own.
                known = sorted(
                    value if isinstance(value, Mapping) else getattr(value, "__dict__", ())
                )
                break
    fix = f"use one of: {', '.join(owner + one for one in known)}" if known else None
    if close := get_close_matches(name, known, n=1):
        fix = f"did you mean {owner}{close[0]}?"
    return f"the template uses a name that is not defined: {owner}{name or message}", fix


@lru_cache(maxsize=512)
def _compiled(text: str) -> jinja2.Template:
    return _environment.from_string(text)
