"""The two tables beside the snapshots: what each backup holds, and what restores did.

They lie in the dataset of the backups, not in the system's own: they must outlive what they
are there to bring back. The program declares them; it imports this module alone, because the
package `eros.operations.backup` brings Google's libraries, which a preview would wait for.
"""

from __future__ import annotations

from typing import Any

CONTENTS = "backup_contents"
STEPS = "restore_steps"


def _column(name: str, kind: str, description: str, mode: str = "REQUIRED") -> dict[str, Any]:
    return {"name": name, "type": kind, "mode": mode, "description": description}


TABLES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    CONTENTS: (
        "One row per table of a complete backup, all rows of a backup written at once: a backup "
        "without rows was interrupted.",
        [
            _column("backup_id", "STRING", "Backup: when it was made, YYYYMMDD_HHMMSS in UTC"),
            _column("kind", "STRING", "manual, daily, deployment, safety or travel"),
            _column("data_time", "TIMESTAMP", "Moment whose rows the backup holds"),
            _column("created_at", "TIMESTAMP", "When the backup was made"),
            _column("expires_at", "TIMESTAMP", "When its snapshots expire"),
            _column("table_name", "STRING", "Table"),
            _column("row_count", "INTEGER", "Rows of the table"),
            _column("logical_bytes", "INTEGER", "Logical size of the table in bytes"),
            _column("columns", "JSON", "Schema of the table, as BigQuery's API has it"),
            _column("checksums", "JSON", "Order-independent checksum of each column"),
            _column("row_checksum", "STRING", "Order-independent checksum of whole rows"),
            _column(
                "partition_expiration_ms",
                "INTEGER",
                "Lifetime of the table's partitions in milliseconds",
                "NULLABLE",
            ),
            _column("stack", "STRING", "Stack that the backup was made of"),
            _column("eros_version", "STRING", "Version of EROS that made the backup"),
            _column("source_commit", "STRING", "Commit of the working tree that made it"),
        ],
    ),
    STEPS: (
        "What each restore did, in order. APPLIED is written in the transaction that replaces the "
        "rows: a restore without it has changed nothing.",
        [
            _column("restore_id", "STRING", "Restore: when it began, YYYYMMDD_HHMMSS in UTC"),
            _column("step_time", "TIMESTAMP", "When the step was done"),
            _column("step", "STRING", "STARTED, APPLIED, VERIFIED, DIFFERENT or FAILED"),
            _column("details", "JSON", "Backup, source, tables, safety backup; or the error"),
        ],
    ),
}
