"""Addresses of Google's APIs when they are not Google's own.

The local cloud writes them to a JSON file whose keys are the gcp provider's own
configuration keys, so that the same file serves the provider and the client libraries.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from bqstack.errors import UserError
from eros.project.settings import PROJECT_ROOT, Settings

KEYS = frozenset(
    {
        "bigQueryCustomEndpoint",
        "bigqueryDataTransferCustomEndpoint",
        "cloudResourceManagerCustomEndpoint",
        "iamBetaCustomEndpoint",
        "loggingCustomEndpoint",
        "monitoringCustomEndpoint",
        "pubsubCustomEndpoint",
        "resourceManagerCustomEndpoint",
        "serviceUsageCustomEndpoint",
        "storageCustomEndpoint",
    }
)


def load(settings: Settings, root: Path = PROJECT_ROOT) -> dict[str, str]:
    """Provider key to URL; empty for a stack on Google's own addresses.

    EROS_LOCAL_DIR moves the local cloud's folder, and with it the file. Raises UserError
    when the stack names a file that is missing or damaged.
    """
    if settings.endpoints_file is None:
        return {}
    path = root / settings.endpoints_file
    if folder := os.environ.get("EROS_LOCAL_DIR"):
        path = Path(folder) / path.name
    try:
        endpoints = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError("the local cloud is not running", file=path, fix="eros local up") from None
    except json.JSONDecodeError as error:
        raise UserError(
            f"not valid JSON: {error.msg}", file=path, line=error.lineno, fix="eros local up"
        ) from None
    if set(endpoints) != KEYS:
        wrong = sorted(set(endpoints) ^ KEYS)
        raise UserError(
            f"unexpected or missing keys: {', '.join(wrong)}", file=path, fix="eros local up"
        )
    return endpoints
