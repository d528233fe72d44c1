"""Deployments to test with, and steps that do what a test says."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from eros.operations.deploy import Deployment, ExitCode, Site, pulumi_updates, step_results, steps
from eros.operations.deploy.before_after import Figures
from eros.operations.results import Result

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Made:
    """A deployment whose progress and questions can be read."""

    deployment: Deployment
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Fake:
    """A step that does what the test says."""

    name: str
    code: ExitCode = ExitCode.PREREQUISITES
    once: bool = False
    in_dry_run: bool = True
    error: BaseException | None = None
    made: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.name

    def run(self, deployment: Deployment) -> Result:
        self.made.append(self.name)
        if self.error is not None:
            raise self.error
        return step_results.Confirmed(self.name)


def never(*_: Any) -> Any:
    """A rollback that must not happen."""
    raise AssertionError("nothing may be rolled back")


def preview(*touched: str, tables: tuple[str, ...] = ()) -> pulumi_updates.Preview:
    """A preview that touches these objects."""
    return pulumi_updates.Preview({"update": len(touched)}, (), touched, tables)


def previewed(made: Made, found: pulumi_updates.Preview) -> Deployment:
    """The deployment after its preview."""
    with made.deployment.journal.step("preview") as record:
        ask = steps.Preview(ask=lambda stack, root: found)
        record.facts = ask.run(made.deployment).document()
    return made.deployment


class Api:
    """A Google API: `answers` by the name of the method, exceptions are raised."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers
        self.asked: list[tuple[str, dict]] = []

    def __getattr__(self, name):
        def call(**arguments):
            if name not in self._answers:
                return self
            self.asked.append((name, arguments))
            answer = self._answers[name]
            return SimpleNamespace(execute=lambda: _given(answer, arguments))

        return call

    def list_next(self, request, answer):
        return None


def _given(answer: Any, arguments: dict) -> Any:
    if isinstance(answer, BaseException):
        raise answer
    return answer(arguments) if callable(answer) else answer


def site(settings, *, is_local: bool = False, bigquery=None, **apis: Api) -> Site:
    """A site whose APIs are fakes."""
    google = SimpleNamespace(
        settings=settings, is_local=is_local, bigquery=bigquery, api=lambda name: apis[name]
    )
    return Site("staging", google)


def figures(**values: Any) -> Figures:
    """Two hours of an ordinary day."""
    ordinary = {
        "start": NOW.isoformat(),
        "stop": (NOW + timedelta(hours=2)).isoformat(),
        "queries": 100,
        "plain_queries": 50,
        "error_rate_pct": 0.5,
        "mean_seconds": 1.0,
        "cost_usd": 1.0,
        "rows": {"caption_bank": 10},
    }
    return Figures(**ordinary | values)
