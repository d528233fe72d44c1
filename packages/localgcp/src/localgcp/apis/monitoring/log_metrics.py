"""Log-based metrics: entries of Cloud Logging to samples.

https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics: an entry counts in
every metric whose filter it passes, when it is received, if its time is at most 24 hours past
and 10 minutes ahead. An entry without a number to extract does not count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from .. import logfilter
from ..api_errors import invalid
from ..call import Cloud
from ..clock import micros, parse_rfc3339
from ..store import Transaction
from . import samples

KIND = "logging.projects.metrics"
_PAST, _AHEAD = timedelta(hours=24), timedelta(minutes=10)
_PATH = r"""(?P<path>[\w@/-]+(?:\.(?:[\w@/-]+|"[^"]+"))*)"""
_EXTRACT = re.compile(rf"EXTRACT\(\s*{_PATH}\s*\)")
_REGEXP = re.compile(
    rf"""REGEXP_EXTRACT\(\s*{_PATH}\s*,\s*(?P<regexp>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*\)"""
)
_STEP = re.compile(r'"([^"]+)"|([^.]+)')


@dataclass(frozen=True)
class Extractor:
    """A field of an entry, and the part of its text that a pattern with one group finds."""

    path: tuple[str, ...]
    pattern: re.Pattern[str] | None

    def read(self, entry: dict[str, Any]) -> str | None:
        """The extracted text; None when the field or the match is not there."""
        for value in logfilter.lookup(entry, list(self.path)):
            if isinstance(value, dict):
                continue
            text = str(value).lower() if isinstance(value, bool) else str(value)
            if self.pattern is None:
                return text
            found = self.pattern.search(text)
            return found[1] if found else None
        return None


@lru_cache(maxsize=512)
def extractor(text: str) -> Extractor:
    """`EXTRACT(field)` or `REGEXP_EXTRACT(field, "pattern")`; raises ApiError 400 for others."""
    found = _EXTRACT.fullmatch(text.strip()) or _REGEXP.fullmatch(text.strip())
    if found is None:
        raise invalid(f"Invalid extractor: {text}", "metric.extractor")
    path = tuple(quoted or plain for quoted, plain in _STEP.findall(found["path"]))
    if found.re is _EXTRACT:
        return Extractor(path, None)
    # A backslash is doubled in the text of an extractor; what else it stands before stays.
    source = re.sub(r"""\\([\\"'])""", r"\1", found["regexp"][1:-1])
    try:
        pattern = re.compile(source)
    except re.error as error:
        raise invalid(f"Invalid regular expression in extractor: {error}: {text}") from None
    if pattern.groups != 1:
        raise invalid(f"The regular expression needs exactly one group: {text}")
    return Extractor(path, pattern)


def count(tx: Transaction, cloud: Cloud, entry: dict[str, Any]) -> None:
    """Add an entry that has just been received to the metrics that it belongs to."""
    moment = parse_rfc3339(entry["timestamp"])
    now = cloud.clock.now()
    if not now - _PAST <= moment <= now + _AHEAD:
        return
    for metric in tx.children(KIND, f"projects/{cloud.project}"):
        body = metric.body
        if body.get("disabled") or not logfilter.parse(body["filter"])(entry):
            continue
        value = 1.0
        if "valueExtractor" in body:
            text = extractor(body["valueExtractor"]).read(entry)
            number = _number(text)
            if number is None:
                continue
            value = number
        labels = {
            key: extractor(source).read(entry) or ""
            for key, source in body.get("labelExtractors", {}).items()
        }
        resource = entry["resource"]
        samples.add(
            tx,
            body["metricDescriptor"]["type"],
            labels,
            resource["type"],
            resource.get("labels", {}),
            micros(moment),
            [value],
        )


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
