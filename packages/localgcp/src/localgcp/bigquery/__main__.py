"""Starts local-bigquery, the BigQuery emulator, in this process.

Its settings come from the environment (BIGQUERY_PORT, GRPC_PORT, DATA_DIR and so on), see
`local_bigquery.settings`. EROS_LOCAL_ROOT names the data folder of a whole local cloud; without
it BigQuery stands alone and lives in real time.
"""

from __future__ import annotations

import os
from pathlib import Path

from local_bigquery.app import app

from localgcp import clockfile, extensions
from localgcp.bigquery import (
    arithmetic,
    big_decimals,
    callers,
    case_insensitive,
    catalog,
    catalogue_cache,
    clones,
    compaction,
    confinement,
    conflicts,
    dataset_options,
    destinations,
    disk,
    dry_runs,
    external_tables,
    field_paths,
    float_text,
    format_function,
    grammar,
    having,
    job_limits,
    job_locations,
    js_libraries,
    json_numbers,
    json_text,
    load_columns,
    loads,
    moved_clock,
    no_pandas,
    parameter_names,
    parsed,
    partition_summaries,
    partition_times,
    partitioned_tables,
    policy_tags,
    query_results,
    relocation,
    routine_resources,
    row_policies,
    script_jobs,
    serving,
    storage_reads,
    stored_jobs,
    streaming,
    strict,
    structs,
    switch,
    table_resources,
    temporary_tables,
    transaction_info,
    translations,
    view_resources,
    writes,
)
from localgcp.loopback import LoopbackOnly


def main() -> None:
    """Make sure DuckDB has its extensions without a download, then serve until SIGTERM."""
    no_pandas.install()
    extensions.ensure()
    callers.install()
    relocation.install()
    confinement.install()
    disk.install()
    grammar.install()
    having.install()
    structs.install()
    json_text.install()
    json_numbers.install()
    format_function.install()
    arithmetic.install()
    float_text.install()
    field_paths.install()
    stored_jobs.install()
    loads.install()
    load_columns.install()
    catalog.install()
    catalogue_cache.install()
    case_insensitive.install()
    parsed.install()
    parameter_names.install()
    routine_resources.install()
    clones.install()
    streaming.install()
    row_policies.install()
    partitioned_tables.install()
    partition_times.install()
    writes.install()
    big_decimals.install()
    query_results.install()
    table_resources.install()
    temporary_tables.install()
    dataset_options.install()
    view_resources.install()
    policy_tags.install()
    external_tables.install()
    partition_summaries.install()
    js_libraries.install()
    storage_reads.install()
    conflicts.install()
    compaction.install()
    root = os.environ.get("EROS_LOCAL_ROOT")
    script_jobs.install(Path(root) / clockfile.FINISHED if root else None)
    transaction_info.install()
    destinations.install()
    translations.install()
    if switch.is_strict():
        strict.install()
        job_limits.install()
    dry_runs.install()
    job_locations.install()
    if root:
        moved_clock.install(clockfile.ClockFile(Path(root) / clockfile.NAME))
    app.add_middleware(LoopbackOnly)
    serving.serve(app)


if __name__ == "__main__":
    main()
