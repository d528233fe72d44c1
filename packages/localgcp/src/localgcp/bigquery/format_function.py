"""FORMAT as BigQuery has it, where local-bigquery 0.4.0 differs.

https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements#format_string:
the flag ' stands for the grouping character, which is a comma, and not for itself; %t and %T
show NULL as NULL, where any other specifier makes the whole text NULL.
"""

from __future__ import annotations

import re
from typing import Any

from local_bigquery.sql import rules
from local_bigquery.sql.rules.strings import SPECIFIER
from sqlglot import exp

# Marks a FORMAT whose arguments are texts already.
_DONE = "nulls_are_texts"
_FLAGS = re.compile(r"%%|%[-+ #0']*")


def install() -> None:
    """Change FORMAT before the rule that makes DuckDB's printf of it, and that printf."""
    rules.NODE_RULES.insert(0, null_as_text)
    rules.NODE_RULES.append(by_commas)


def null_as_text(node: exp.Expr, context: Any) -> exp.Expr:
    """A FORMAT whose arguments of %t and %T are texts, NULL among them."""
    del context
    if not isinstance(node, exp.Format) or node.meta.get(_DONE):
        return node
    node.meta[_DONE] = True
    template, arguments = node.this, list(node.expressions)
    if isinstance(template, exp.Literal) and template.is_string:
        found = [one[0] for one in SPECIFIER.finditer(template.this) if one[0] != "%%"]
        for specifier, argument in zip(found, arguments, strict=False):
            if specifier[-1] in "tT":
                text = exp.cast(argument.copy(), "VARCHAR")
                argument.replace(exp.Coalesce(this=text, expressions=[exp.Literal.string("NULL")]))
    return node


def by_commas(node: exp.Expr, context: Any) -> exp.Expr:
    """The text of a printf with commas for its quotes; one that is no literal is left."""
    del context
    if isinstance(node, exp.Anonymous) and node.name == "printf":
        template = node.expressions[0]
        if isinstance(template, exp.Literal) and template.is_string:
            text = _FLAGS.sub(lambda match: match[0].replace("'", ","), template.this)
            template.replace(exp.Literal.string(text))
    return node
