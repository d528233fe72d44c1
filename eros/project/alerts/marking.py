"""Where the SQL of the rules stands in config/alerts.yaml, for findings of the analyser."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from bqstack.analysis.beside import Mark
from eros.project.alerts.catalogue import FILE, Alerts


@dataclass(frozen=True)
class RuleFragments:
    """The rules as templates know them; a `bqstack.analysis.beside.Fragments`."""

    file: Path = FILE
    name: str = "alerts"

    def marked(self, value: Alerts, text: str, mark: Mark) -> Alerts:
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
        return Alerts(sources, rules)


def _children(node: yaml.Node | None) -> dict[str, yaml.Node]:
    assert node is not None, "the file was read before"
    return {key.value: value for key, value in node.value}
