"""`FORMAT("%'d", n)` groups digits by commas; local-bigquery 0.4.0 groups them by quotes.

https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements#format_string:
the flag ' stands for the grouping character. DuckDB's printf takes the character itself.
"""

from __future__ import annotations

import re
from typing import Any

from local_bigquery.sql import rules
from sqlglot import exp

_FLAGS = re.compile(r"%%|%[-+ #0']*")


def install() -> None:
    """Change the texts of FORMAT, which the rules before have made DuckDB's printf of."""
    rules.NODE_RULES.append(by_commas)


def by_commas(node: exp.Expr, context: Any) -> exp.Expr:
    """The text of a printf with commas for its quotes; one that is no literal is left."""
    del context
    if isinstance(node, exp.Anonymous) and node.name == "printf":
        template = node.expressions[0]
        if isinstance(template, exp.Literal) and template.is_string:
            text = _FLAGS.sub(lambda match: match[0].replace("'", ","), template.this)
            template.replace(exp.Literal.string(text))
    return node
