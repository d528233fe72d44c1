"""REST methods of ours in front of those of local-bigquery."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import Depends
from fastapi.routing import APIRoute
from local_bigquery.app import PREFIX, app, valid_project


def add(
    method: str, path: str, endpoint: Callable[..., Any], dependencies: Sequence[Any] = ()
) -> None:
    """Answer `method` at `path` below /bigquery/v2 by `endpoint`, whatever was there before.

    `path` has its parameters in braces, as FastAPI takes them; `dependencies` are FastAPI's.
    """
    route = APIRoute(
        f"{PREFIX}{path}",
        endpoint,
        methods=[method],
        dependencies=[Depends(valid_project), *dependencies],
        response_model_exclude_unset=True,
        include_in_schema=False,
    )
    # The first route that fits answers.
    app.router.routes.insert(0, route)
