"""Dashboards in Cloud Monitoring's own format, one YAML file each.

https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bqstack import documents, texts
from bqstack.catalogue.render import render
from bqstack.errors import UserError
from eros.project import figures
from eros.project.dashboards import dashboard_rules, google_schema
from eros.project.resource_names import ResourceNames
from eros.project.settings import PROJECT_ROOT, Settings

FOLDER = Path("config/dashboards")
# The dashboard that a reader looks at first.
_FIRST = "system"


def load(settings: Settings, root: Path = PROJECT_ROOT) -> dict[str, dict[str, Any]]:
    """Dashboards by file name, the main one first; raises UserError."""
    known = figures.metric_types(figures.load(root))
    paths = sorted(texts.below(root / FOLDER), key=lambda path: (path.stem != _FIRST, path))
    for path in paths:
        if path.suffix != ".yaml" or path.parent != root / FOLDER:
            raise UserError(
                "the file is not a dashboard",
                file=path.relative_to(root),
                fix=f"name it NAME.yaml, or move it out of {FOLDER}/",
            )
    context = settings.template_values()
    found: dict[str, dict[str, Any]] = {}
    mistakes: list[UserError] = []
    for path in paths:
        try:
            found[path.stem] = _load(path, context, root, known)
        except UserError as error:
            mistakes += [error.alone(), *error.others]
    if mistakes:
        # Each file has said already how many more it has.
        raise mistakes[0].with_others(mistakes[1:])
    return {key: _named(board, settings.names) for key, board in found.items()}


def _named(board: dict[str, Any], names: ResourceNames) -> dict[str, Any]:
    """The dashboard as the stack has it: a file names the figures without a sandbox."""
    title = names.title(board["displayName"])
    return {**_with_metrics(board, names), "displayName": title}


def _with_metrics(node: Any, names: ResourceNames) -> Any:
    if isinstance(node, dict):
        return {key: _with_metrics(value, names) for key, value in node.items()}
    if isinstance(node, list):
        return [_with_metrics(value, names) for value in node]
    if not isinstance(node, str):
        return node
    prefix = figures.TYPE_PREFIX + figures.NAME_PREFIX
    return node.replace(prefix, figures.TYPE_PREFIX + names.metric(figures.NAME_PREFIX))


def _load(path: Path, context: dict[str, Any], root: Path, known: frozenset[str]) -> dict[str, Any]:
    shown = path.relative_to(root)
    text = render(path, shown, context)
    try:
        content: dict[str, Any] = documents.parsed(text)
    except yaml.MarkedYAMLError as error:
        raise documents.invalid_yaml(error, shown) from None
    problems = google_schema.check(content)
    if not problems and (problem := dashboard_rules.check(content, known)):
        problems = [problem]
    if problems:
        raise documents.together(
            UserError(
                problem.message,
                file=shown,
                line=documents.line_of(text, problem.key) if problem.key else None,
                key=problem.key or None,
                value=problem.value,
                fix=problem.fix,
            )
            for problem in problems
        )
    return content
