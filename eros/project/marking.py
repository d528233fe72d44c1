"""Where SQL stands in the YAML of rules and figures, for findings of the analyser."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from bqstack.analysis.beside import Mark
from eros.project import alerts, figures


@dataclass(frozen=True)
class RuleFragments:
    """The rules as templates know them; a `bqstack.analysis.beside.Fragments`."""

    file: Path = alerts.FILE
    name: str = "alerts"

    def marked(self, value: alerts.Alerts, text: str, mark: Mark) -> alerts.Alerts:
        """The rules with the line that each piece of SQL has in the file in front of it."""
        document = _children(yaml.compose(text, Loader=yaml.SafeLoader))
        sources = {}
        for name, node in _children(document["sources"]).items():
            # The text of a block begins below its `|`.
            is_block = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
            first = node.start_mark.line + (2 if is_block else 1)
            sources[name] = "\n".join(
                mark(first + place, line)
                for place, line in enumerate(value.sources[name].splitlines())
            )
        lines = {
            rule_id: _children(node)["value"].start_mark.line + 1
            for rule_id, node in _children(document["rules"]).items()
            if "value" in _children(node)
        }
        rules = tuple(
            replace(rule, value=mark(lines[rule.id], rule.value))
            if rule.value is not None
            else rule
            for rule in value.rules
        )
        return alerts.Alerts(sources, rules)


@dataclass(frozen=True)
class FigureFragments:
    """The figures as templates know them; a `bqstack.analysis.beside.Fragments`.

    A source's name is the view that it reads, a figure without a value the column of its name.
    """

    file: Path = figures.FILE
    name: str = "metrics"

    def marked(
        self, value: dict[str, figures.Source], text: str, mark: Mark
    ) -> dict[str, figures.Source]:
        """The sources with the line that each name and value has in the file in front of it."""
        document = _children(yaml.compose(text, Loader=yaml.SafeLoader))
        sources = {}
        for view, (key, node) in _entries(document["sources"]).items():
            source, entry = value[view], _entries(node)
            marked = {}
            for name, place in _entries(entry["figures"][1]).items():
                figure = source.figures[name]
                said = mark(_line_of_value(*place), figure.value or name)
                marked[name] = figure.model_copy(update={"value": said})
            by = mark(_line(entry["by"][0]), source.by) if source.by else None
            sources[mark(_line(key), view)] = source.model_copy(
                update={"figures": marked, "by": by}
            )
        return sources


def _line_of_value(key: yaml.Node, node: yaml.Node) -> int:
    """Line, from 1, that says what a figure is; that of its name without a value."""
    return _line(_entries(node).get("value", (key,))[0])


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _entries(node: yaml.Node | None) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Key and value of each entry of a mapping, by the key."""
    assert node is not None, "the file was read before"
    return {key.value: (key, value) for key, value in node.value}


def _children(node: yaml.Node | None) -> dict[str, yaml.Node]:
    return {name: value for name, (_, value) in _entries(node).items()}
