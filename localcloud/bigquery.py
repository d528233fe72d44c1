"""Starts local-bigquery, the BigQuery emulator, in this process.

Its settings come from the environment (BIGQUERY_PORT, GRPC_PORT, DATA_DIR and so on), see
`local_bigquery.settings`. EROS_LOCAL_ROOT names the data folder of a whole local cloud; without
it BigQuery stands alone and lives in real time.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from local_bigquery import cli

from localcloud import (
    bigquery_cache,
    bigquery_catalog,
    bigquery_clock,
    bigquery_clones,
    bigquery_compaction,
    bigquery_conflicts,
    bigquery_partitions,
    bigquery_row_access,
    bigquery_statements,
    bigquery_tables,
    bigquery_views,
    clockfile,
    extensions,
)


def main() -> None:
    """Make sure DuckDB has its extensions without a download, then serve until SIGTERM."""
    # DuckDB looks for pandas on disk with every parameter that it is given; half of the time of
    # a small statement. None stands for a module that is known not to be there.
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]
    extensions.ensure()
    bigquery_catalog.install()
    bigquery_cache.install()
    bigquery_clones.install()
    bigquery_row_access.install()
    bigquery_partitions.install()
    bigquery_tables.install()
    bigquery_views.install()
    bigquery_conflicts.install()
    bigquery_compaction.install()
    root = os.environ.get("EROS_LOCAL_ROOT")
    bigquery_statements.install(Path(root) / clockfile.FINISHED if root else None)
    if root:
        bigquery_clock.install(clockfile.ClockFile(Path(root) / clockfile.NAME))
    cli.main(["serve"])


if __name__ == "__main__":
    main()
