"""What a deployer must be allowed to do; names as in Google's IAM reference.

From two tables: what `up` does to each type of resource that the program declares, and what
the commands around it read and write. All can be tested on the project, one of them on the
runner's account, too.

Left out: deleting a dataset, the bucket or the runner's account, which only `destroy` and
another name for one of them do; and asking for a service's agent, for which IAM has no
permission.
"""

from __future__ import annotations

from itertools import chain

from gcptypes import known
from gcptypes.records import (
    ACCOUNT,
    ACCOUNT_GRANT,
    ALERT,
    BUCKET,
    BUCKET_GRANT,
    CHANNEL,
    DASHBOARD,
    DATASET,
    DATASET_GRANT,
    LOG_METRIC,
    PROJECT_GRANT,
    ROUTINE,
    SERVICE,
    SERVICE_IDENTITY,
    TABLE,
    TOPIC,
    TOPIC_GRANT,
    TRANSFER,
)

ENABLE = "serviceusage.services.enable"
# IAM's own limit for one request of testIamPermissions.
PER_REQUEST = 100

_DECLARED = (
    TRANSFER,
    DATASET,
    DATASET_GRANT,
    ROUTINE,
    TABLE,
    LOG_METRIC,
    ALERT,
    DASHBOARD,
    CHANNEL,
    PROJECT_GRANT,
    SERVICE,
    SERVICE_IDENTITY,
    TOPIC,
    TOPIC_GRANT,
    ACCOUNT,
    ACCOUNT_GRANT,
    BUCKET,
    BUCKET_GRANT,
)
BY_TYPE = {token: known(token).permissions for token in _DECLARED}


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
    "deploy": ("bigquery.jobs.listAll", "monitoring.timeSeries.list"),
    # It finds what an interrupted update has made by its title.
    "rollback": (
        "monitoring.alertPolicies.list",
        "monitoring.dashboards.list",
        "monitoring.notificationChannels.list",
    ),
}
PERMISSIONS = tuple(sorted({*chain(*BY_TYPE.values()), *chain(*BY_COMMAND.values())}))
