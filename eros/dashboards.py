"""Dashboards in Cloud Monitoring's own format, one YAML file each.

https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from eros.catalogue.render import render
from eros.errors import UserError
from eros.settings import PROJECT_ROOT, Settings

FOLDER = Path("config/dashboards")


def load(settings: Settings, root: Path = PROJECT_ROOT) -> dict[str, dict[str, Any]]:
    """Dashboards by file name, without the keys that the API drops; raises UserError.

    The API does not give back null, zero, empty and false; a key that it drops would
    differ in every preview.
    """
    return {
        path.stem: _load(path, settings, root) for path in sorted((root / FOLDER).glob("*.yaml"))
    }


def _load(path: Path, settings: Settings, root: Path) -> dict[str, Any]:
    shown = path.relative_to(root)
    text = render(path, shown, settings.template_context())
    try:
        content = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise UserError(f"not valid YAML: {error.problem}", file=shown, line=line) from None
    if not isinstance(content, dict) or not content.get("displayName"):
        raise UserError("a dashboard needs a displayName", file=shown, line=1)
    return _without_empty(content)


def _without_empty(node: Any) -> Any:
    if isinstance(node, dict):
        kept = {key: _without_empty(value) for key, value in node.items()}
        return {key: value for key, value in kept.items() if value not in (None, 0, "", [], {})}
    if isinstance(node, list):
        return [_without_empty(value) for value in node]
    return node
