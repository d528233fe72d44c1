"""Starts local-bigquery, the BigQuery emulator, in this process.

Its settings come from the environment (BIGQUERY_PORT, GRPC_PORT, DATA_DIR and so on), see
`local_bigquery.settings`.
"""

from __future__ import annotations

from local_bigquery import cli

from localcloud import bigquery_views, extensions


def main() -> None:
    """Make sure DuckDB has its extensions without a download, then serve until SIGTERM."""
    extensions.ensure()
    bigquery_views.install()
    cli.main(["serve"])


if __name__ == "__main__":
    main()
