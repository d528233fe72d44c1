"""Fixtures of the deployment tests."""

from types import SimpleNamespace
from typing import Any

import pytest

from eros.operations.deploy import Deployment, Journal, Options, Site
from tests.unit.deploy.deployments import NOW, Made


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Journals and locks of one test."""
    monkeypatch.setenv("EROS_LOG_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def make(settings):
    """Function that makes a deployment; `answers` are given to its questions."""

    def build(*, answers: tuple[str, ...] = (), journal=None, google=None, **options: Any) -> Made:
        left = list(answers)
        site = Site("staging", google or SimpleNamespace(settings=settings, is_local=False))
        made = Made(None)  # type: ignore[arg-type]

        def ask(question: str) -> str:
            made.asked.append(question)
            return left.pop(0)

        made.deployment = Deployment(
            site,
            Options(**options),
            journal or Journal.begin("staging", "c0ffee"),
            made.said.append,
            ask,
            now=lambda: NOW,
        )
        return made

    return build
