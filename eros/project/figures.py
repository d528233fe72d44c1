"""The catalogue of figures that reach Cloud Monitoring.

Cloud Monitoring reads no table. `publish_figures` puts each figure on a query of its own as
a job label, BigQuery writes the job with its labels into the audit log, and a log-based
metric takes the number out again (docs/dashboards.md).
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from bqstack.documents import Section, load_document
from bqstack.errors import UserError

if TYPE_CHECKING:
    from bqstack.catalogue import Catalogue

FILE = Path("config/metrics.yaml")
TYPE_PREFIX = "logging.googleapis.com/user/"
NAME_PREFIX = "eros/"
# Written by `evaluate_alerts`, declared with the alert rules.
ALERT_METRIC = "eros/alert_firing"
VALUE_METRIC = "eros/alert_value"
_JOB = "protoPayload.metadata.jobChange"
_LABELS = f"{_JOB}.job.jobConfig.labels"

# With its prefix a name stays below the 63 characters of a label key.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
# https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.metricDescriptors, as far
# as figures need it. The API measures money and things in annotations, never in names.
Unit = Annotated[str, StringConstraints(pattern=r"^(1|%|ms|s|min|h|d|By|\{[A-Za-z_]+\})$")]


class Figure(Section):
    """One number, read every time its source is published."""

    title: Annotated[str, StringConstraints(min_length=1)]
    unit: Unit
    description: Annotated[str, StringConstraints(min_length=1)]
    value: Annotated[str, StringConstraints(min_length=1)] | None = None
    """SQL expression over the columns of the source; without it the column of its name."""


class Source(Section):
    """A view with one row, or with one row per value of the column `by`."""

    published_by: Literal["record_health_check", "record_query_costs", "update_caption_performance"]
    by: Name | None = None
    arguments: Annotated[str, StringConstraints(min_length=1)] | None = None
    """SQL expressions that the source takes, where it is a table function and no view."""
    figures: Annotated[dict[Name, Figure], Field(min_length=1)]


class Document(Section):
    """config/metrics.yaml."""

    sources: dict[Name, Source]

    @model_validator(mode="after")
    def _names_are_free(self) -> Document:
        taken: dict[str, str] = {}
        for view, source in self.sources.items():
            for name in source.figures:
                if taken.setdefault(name, view) != view:
                    raise ValueError(f"{name!r} is in both {taken[name]} and {view}")
        for view, source in self.sources.items():
            if source.by in taken:
                raise ValueError(
                    f"{view} is grouped by {source.by!r}, which is the name of a figure"
                )
        return self


@lru_cache
def load(root: Path) -> dict[str, Source]:
    """Sources of config/metrics.yaml by view; raises UserError."""
    return load_document(Document, root / FILE, root).sources


def check_sources(sources: dict[str, Source], known: Catalogue) -> None:
    """Refuse a source that no file in sql/ creates; raises UserError."""
    for view in sources:
        if view not in known.objects:
            close = get_close_matches(view, known.objects, n=1)
            raise UserError(
                "no file in sql/ creates this view",
                file=FILE,
                key=f"sources.{view}",
                fix=f"did you mean {close[0]!r}?" if close else f"write sql/views/{view}.sql",
            )


def metric_types(sources: dict[str, Source]) -> frozenset[str]:
    """Types of the metrics that the files declare, as a dashboard's filter names them."""
    names = [NAME_PREFIX + name for source in sources.values() for name in source.figures]
    return frozenset(TYPE_PREFIX + name for name in (*names, ALERT_METRIC, VALUE_METRIC))


def log_filter(name: str, component: str) -> str:
    """Entries of the audit log that carry the figure; `component` as jobs of the stack say it.

    https://cloud.google.com/bigquery/docs/reference/auditlogs: a job that ended is a change
    of its state to DONE.
    """
    return "\n".join(
        (
            'log_id("cloudaudit.googleapis.com/data_access")',
            'resource.type="bigquery_project"',
            f'{_JOB}.after="DONE"',
            f'{_LABELS}.component="{component}"',
            f"{_LABELS}.metric_{name}:*",
        )
    )


def extractor(name: str) -> str:
    """Expression that takes the label `metric_<name>` out of an entry."""
    return f"EXTRACT({_LABELS}.metric_{name})"
