"""Labels: who owns a resource and who pays for it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pulumi_policy import Severity

from bqstack.policy.rule import Resource, Rule
from gcptypes import TYPES, known
from policy.stack import settings_of

_LABELLED = tuple(sorted(token for token, record in TYPES.items() if record.labels))
_MOST = 64
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_VALUE = re.compile(r"[a-z0-9_-]{0,63}")


def _complete(resource: Resource) -> Iterator[str]:
    labels = resource.props.get(known(resource.resource_type).labels) or {}
    for key, wanted in settings_of(resource.urn).all_labels.items():
        found = labels.get(key)
        if found != wanted:
            yield f"label {key} is {'missing' if found is None else repr(found)}, not {wanted!r}"


def _well_formed(resource: Resource) -> Iterator[str]:
    labels = resource.props.get(known(resource.resource_type).labels) or {}
    if len(labels) > _MOST:
        yield f"{len(labels)} labels, {_MOST} is the maximum"
    for key, value in labels.items():
        if not _KEY.fullmatch(key):
            yield f"{key!r} cannot be the key of a label"
        if not _VALUE.fullmatch(value):
            yield f"{value!r} cannot be the value of label {key}"


RULES = (
    Rule(
        id="labels-complete",
        title="Labels name the environment, the system and the cost owner",
        url="https://cloud.google.com/resource-manager/docs/best-practices-labels",
        fix="labels=settings.all_labels (user_labels in Cloud Monitoring)",
        severity=Severity.MEDIUM,
        on=_LABELLED,
        check=_complete,
    ),
    Rule(
        id="labels-well-formed",
        title="Labels are in the form that Google accepts",
        url="https://cloud.google.com/bigquery/docs/labels-intro#requirements",
        fix="lower case, digits, _ and -, 63 characters",
        severity=Severity.MEDIUM,
        on=_LABELLED,
        check=_well_formed,
    ),
)
