"""`CREATE SCHEMA ... OPTIONS (location = ...)`, which sqlglot reads as a property of its own kind.

local-bigquery 0.4.0 looks for options by their names and finds no location, so that every dataset
of DDL is in US.
https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#schema_option_list
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local_bigquery.catalog import ddl
from local_bigquery.catalog.options import DATASET_OPTIONS
from sqlglot import exp


def install() -> None:
    """Read the location of a dataset, too."""
    ddl.options = _with_location(ddl.options)


def _with_location(options: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def found(
        node: exp.Expr | None, mapping: Mapping[str, Any], evaluate: Callable[..., Any]
    ) -> dict[str, Any]:
        values = options(node, mapping, evaluate)
        if node is not None and mapping is DATASET_OPTIONS:
            for one in node.find_all(exp.LocationProperty):
                values["location"] = one.this.name
        return values

    return found
