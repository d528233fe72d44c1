"""What a deployer must be allowed to do; names as in Google's IAM reference.

From two sources: what `up` does to each type of resource that the program declares or the state
holds (`gcptypes` has it), and what the commands around it read and write. All can be tested on
the project, one of them on the runner's account, too.

Left out: deleting a dataset, the bucket or the runner's account, which only `destroy` and
another name for one of them do; and asking for a service's agent, for which IAM has no
permission.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from bqstack import state
from bqstack.guard.declarations import declarations
from bqstack.program import entry
from gcptypes import known

ENABLE = "serviceusage.services.enable"
# IAM's own limit for one request of testIamPermissions.
PER_REQUEST = 100


def _of(noun: str, *verbs: str) -> tuple[str, ...]:
    return tuple(f"{noun}.{verb}" for verb in verbs)


BY_COMMAND: dict[str, tuple[str, ...]] = {
    "backup": (
        *_of(
            "bigquery.tables",
            *("createSnapshot", "deleteSnapshot", "export", "list", "restoreSnapshot"),
            *("getData", "updateData"),
        ),
        *_of("storage.objects", "create", "delete", "get", "list"),
    ),
    # People are notified by log entries.
    "deploy": (
        "bigquery.jobs.listAll",
        # Records are kept there, and read by --resume and `eros logs`.
        *_of("logging.logEntries", "create", "list"),
        "logging.views.access",
        "monitoring.timeSeries.list",
    ),
    # It finds what an interrupted update has made by its title.
    "rollback": (
        "monitoring.alertPolicies.list",
        "monitoring.dashboards.list",
        "monitoring.notificationChannels.list",
    ),
}


def needed(types: Iterable[str]) -> tuple[str, ...]:
    """Permissions for an update of resources of these types, and for the commands around it."""
    by_type = (known(token).permissions for token in types)
    return tuple(sorted({*chain(*by_type), *chain(*BY_COMMAND.values())}))


def touched_types(stack: str, root: Path) -> frozenset[str]:
    """Types that an update of the stack may make, change or delete.

    Those that the program below `root` declares, and those that the state holds: what is no
    longer declared is deleted. Raises UserError when either cannot be read.
    """
    program = entry(root)(stack, check=False)
    # Only types are read of it, so the project's name in the urns does not matter.
    found = declarations(program.declare, project=stack, stack=stack)
    declared = {resource.type for resource in found.resources}
    held = {resource.type for resource in state.current(stack, root).resources}
    return frozenset(token for token in declared | held if token.startswith("gcp:"))
