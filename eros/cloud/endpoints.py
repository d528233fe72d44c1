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
        "cloudBillingCustomEndpoint",
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
# Beside the addresses; made by the local cloud, readable for its owner only.
_TOKEN = "control-token"


def load(settings: Settings, root: Path = PROJECT_ROOT) -> dict[str, str]:
    """Provider key to URL; empty for a stack on Google's own addresses.

    EROS_LOCAL_DIR moves the local cloud's folder, and with it the file. Raises UserError
    when the stack names a file that is missing or damaged.
    """
    if settings.endpoints_file is None:
        return {}
    path = _file(settings.endpoints_file, root)
    try:
        endpoints: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
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


def control_token(settings: Settings, root: Path = PROJECT_ROOT) -> str:
    """What calls to the local cloud's own switches must carry; empty if there is no such file."""
    if settings.endpoints_file is None:
        return ""
    path = _file(settings.endpoints_file, root).with_name(_TOKEN)
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UserError(
            f"the local cloud's token cannot be read: {error.strerror}",
            file=path,
            fix="only the user who started the local cloud may move its clock",
        ) from None


def _file(name: Path, root: Path) -> Path:
    path = root / name
    folder = os.environ.get("EROS_LOCAL_DIR")
    return Path(folder) / path.name if folder else path
