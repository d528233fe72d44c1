"""Jinja2 in single values of the catalogues; whole files are bqstack.catalogue.render's."""

from __future__ import annotations

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
    except jinja2.TemplateError as error:
        raise UserError(f"template: {error.message}", file=file, key=key) from None
    except TypeError as error:
        # Arithmetic with a setting that is no number.
        raise UserError(f"template: {error}", file=file, key=key) from None


@lru_cache(maxsize=512)
def _compiled(text: str) -> jinja2.Template:
    return _environment.from_string(text)
