"""REST methods of ours in front of those of local-bigquery."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi.routing import APIRoute
from local_bigquery.app import PREFIX, app


def add(method: str, path: str, endpoint: Callable[..., Any]) -> None:
    """Answer `method` at `path` below /bigquery/v2 by `endpoint`, whatever was there before.

    `path` has its parameters in braces, as FastAPI takes them.
    """
    route = APIRoute(
        f"{PREFIX}{path}",
        endpoint,
        methods=[method],
        response_model_exclude_unset=True,
        include_in_schema=False,
    )
    # The first route that fits answers.
    app.router.routes.insert(0, route)
