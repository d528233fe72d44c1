"""What a dashboard must keep beyond Google's schema.

The rules are those of the API (descriptions in the discovery document of Monitoring v1),
and one of ours: a metric is Google's or one that this project declares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from eros.project.dashboards.google_schema import Problem
from eros.project.figures import TYPE_PREFIX

LAYOUTS = ("mosaicLayout", "gridLayout", "rowLayout", "columnLayout")
# One way to lay out: the page that `eros dashboard` writes follows the mosaic.
LAYOUT = "mosaicLayout"
MAX_COLUMNS = 48
# Keys of a widget that say nothing of its content.
COMMON = frozenset({"id", "title", "visibilityCondition"})
_METRIC = re.compile(r'metric\.type\s*=\s*"([^"]*)"')
_RESOURCE = re.compile(r'resource\.type\s*=\s*"[^"]+"')
_GOOGLE = re.compile(r"[a-z][a-z0-9-]*\.googleapis\.com/.+")
_OWN_DOMAINS = ("custom.googleapis.com/", "external.googleapis.com/")


def check(dashboard: dict[str, Any], metric_types: frozenset[str]) -> Problem | None:
    """The first broken rule of a dashboard that fits the schema, or None."""
    for rule in (_check_head, _check_tiles, _check_widgets):
        problem = rule(dashboard)
        if problem:
            return problem
    return _check_filters(dashboard, metric_types)


def widgets(dashboard: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every widget of a mosaic with its key."""
    for place, tile in enumerate(dashboard["mosaicLayout"]["tiles"]):
        yield f"mosaicLayout.tiles.{place}.widget", tile["widget"]


def _check_head(dashboard: dict[str, Any]) -> Problem | None:
    if "displayName" not in dashboard:
        return Problem("displayName", "required, but not set")
    layouts = [name for name in LAYOUTS if name in dashboard]
    if layouts != [LAYOUT]:
        return Problem(
            layouts[-1] if layouts else LAYOUT,
            f"a dashboard must have a {LAYOUT} and no other layout",
            fix=f"{LAYOUT} with columns and tiles",
        )
    layout = dashboard["mosaicLayout"]
    for key in ("columns", "tiles"):
        if key not in layout:
            return Problem(f"mosaicLayout.{key}", "required, but not set")
    if not 1 <= layout["columns"] <= MAX_COLUMNS:
        return Problem("mosaicLayout.columns", f"must be 1 to {MAX_COLUMNS}", layout["columns"])
    return None


def _check_tiles(dashboard: dict[str, Any]) -> Problem | None:
    layout = dashboard["mosaicLayout"]
    placed: list[tuple[int, range, range]] = []
    for place, tile in enumerate(layout["tiles"]):
        key = f"mosaicLayout.tiles.{place}"
        for name in ("width", "height", "widget"):
            if name not in tile:
                return Problem(f"{key}.{name}", "required, but not set")
        for name in ("xPos", "yPos", "width", "height"):
            if tile.get(name, 1) < 1:
                return Problem(f"{key}.{name}", "must be above 0", tile[name])
        across = range(tile.get("xPos", 0), tile.get("xPos", 0) + tile["width"])
        down = range(tile.get("yPos", 0), tile.get("yPos", 0) + tile["height"])
        if across.stop > layout["columns"]:
            return Problem(f"{key}.width", "the tile extends beyond the last column", tile["width"])
        for other, other_across, other_down in placed:
            if _meet(across, other_across) and _meet(down, other_down):
                return Problem(key, f"the tile overlaps tile {other}")
        placed.append((place, across, down))
    return None


def _meet(one: range, other: range) -> bool:
    return one.start < other.stop and other.start < one.stop


def _check_widgets(dashboard: dict[str, Any]) -> Problem | None:
    for key, widget in widgets(dashboard):
        content = sorted(set(widget) - COMMON)
        if len(content) != 1:
            listed = ", ".join(content) or "none"
            return Problem(key, f"a widget has exactly one kind of content; this one has {listed}")
        if not widget.get("title"):
            return Problem(f"{key}.title", "required, but not set")
        forbidden = {"xyChart": ("color", "direction"), "scorecard": ("targetAxis",)}
        for place, threshold in enumerate(widget[content[0]].get("thresholds", [])):
            for name in forbidden.get(content[0], ()):
                if name in threshold:
                    return Problem(
                        f"{key}.{content[0]}.thresholds.{place}.{name}",
                        f"not allowed in {content[0]}",
                        fix="remove the key",
                    )
    return None


def _check_filters(dashboard: dict[str, Any], known: frozenset[str]) -> Problem | None:
    for key, text in _filters(dashboard, ""):
        types = _METRIC.findall(text)
        if len(types) != 1 or not _RESOURCE.search(text):
            return Problem(key, 'needs one metric.type="..." and one resource.type="..."', text)
        if types[0] not in known and not _is_googles(types[0]):
            close = get_close_matches(types[0], known, n=1)
            return Problem(
                key,
                "neither one of Google's metrics nor one in config/metrics.yaml",
                types[0],
                f"did you mean {close[0]!r}?" if close else "add the figure to config/metrics.yaml",
            )
    return None


def _is_googles(metric_type: str) -> bool:
    if metric_type.startswith((TYPE_PREFIX, *_OWN_DOMAINS)):
        return False
    return bool(_GOOGLE.fullmatch(metric_type))


def _filters(node: Any, key: str) -> Iterator[tuple[str, str]]:
    """Every filter of a time series query, with its key."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for name, value in items:
        path = f"{key}.{name}" if key else str(name)
        if name == "filter" and ".timeSeriesQuery." in f".{path}":
            yield path, value
        elif isinstance(value, dict | list):
            yield from _filters(value, path)
