"""What the loader refuses before it touches anything."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from bqstack.errors import UserError
from eros.project.stack_file import parse
from eros.sample import Size, generate, load


@pytest.fixture(scope="module")
def sample():
    return generate(Size.SMALL, seed=1, today=date(2026, 3, 20))


class Untouchable:
    """A client that answers the dataset's labels and fails on everything else."""

    def __init__(self, labels: dict[str, str] | None = None) -> None:
        self.labels = labels

    def get_dataset(self, reference):
        assert self.labels is not None, "production must not even be asked"
        return SimpleNamespace(labels=self.labels)

    def __getattr__(self, name):
        pytest.fail(f"the loader called {name}")


@pytest.mark.parametrize("replace", [False, True])
def test_a_production_stack_is_refused_without_a_call(values, sample, replace):
    production = parse({**values, "environment": "prod"}, "Pulumi.prod.yaml")
    with pytest.raises(UserError, match="never loaded into production"):
        load(Untouchable(), production, sample, replace=replace)


@pytest.mark.parametrize("replace", [False, True])
def test_a_dataset_labelled_as_production_is_refused(settings, sample, replace):
    client = Untouchable(labels={"environment": "prod"})
    with pytest.raises(UserError, match="labelled as production"):
        load(client, settings, sample, replace=replace)
