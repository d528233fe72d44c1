"""The whole project of a stack: its settings, and every file beside them as typed parts.

    project = Project.load("prod")
    project.settings.dataset, project.alerts.rules, project.schedules, project.sql.tables

Each part is read when it is first asked for, and once. Whoever changes a stack goes through
`eros.project.files.Reading` instead, which reads all of them and refuses every mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bqstack import catalogue
from eros.project import alerts, channels, dashboards, figures, schedules
from eros.project.settings import PROJECT_ROOT, Settings
from eros.project.stack_file import load_stack_file


@dataclass(frozen=True)
class Project:
    """The files below `root` for one stack; a part raises UserError for a mistake in its file."""

    settings: Settings
    root: Path = PROJECT_ROOT

    @classmethod
    def load(cls, stack: str, root: Path = PROJECT_ROOT) -> Project:
        """The project for `stack` as its file states it; raises UserError."""
        return cls(load_stack_file(stack, root), root)

    @cached_property
    def alerts(self) -> alerts.Alerts:
        """The alert rules, with the settings filled in."""
        return alerts.of(self.settings, self.root)

    @cached_property
    def figures(self) -> dict[str, figures.Source]:
        """Sources of figures, by view."""
        return figures.load(self.root)

    @cached_property
    def channels(self) -> dict[str, channels.Channel]:
        """The notification channels that the stack has."""
        return channels.load(self.settings, self.root)

    @cached_property
    def channel_names(self) -> frozenset[str]:
        """Names of all channels, those of other stacks included."""
        return channels.names(self.root)

    @cached_property
    def entries(self) -> dict[str, schedules.Schedule]:
        """What runs when, as config/schedules.yaml says it."""
        return schedules.load(self.root)

    @cached_property
    def schedules(self) -> list[schedules.TransferConfig]:
        """The transfer configs that this needs."""
        return schedules.transfer_configs(self.settings, self.root)

    @cached_property
    def dashboards(self) -> dict[str, dict[str, Any]]:
        """The dashboards by file name, the main one first."""
        return dashboards.load(self.settings, self.root)

    @cached_property
    def sql(self) -> catalogue.Catalogue:
        """The objects of the dataset."""
        return catalogue.load(
            self.settings,
            self.root,
            lambda: {name: read() for name, read in self.names.items()},
        )

    @property
    def names(self) -> dict[str, Callable[[], Any]]:
        """What templates of SQL know beside the settings, each with what reads it."""
        return {
            "metrics": lambda: self.figures,
            "alerts": lambda: self.alerts,
            "schedule_limits": lambda: schedules.limits(self.settings, self.root),
            "schedule_rhythms": lambda: schedules.rhythms(self.root),
        }
