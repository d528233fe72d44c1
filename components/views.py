"""Views and materialized views.

They hold no rows, so nothing protects them; a protected view could not take a new query.
No schema is set: BigQuery derives it, and a given one would differ for ever.
"""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from bqstack.catalogue import MaterializedView, View
from components.tables import KEY_OF_DATASET
from eros.project.settings import Settings

MINUTE_MS = 60 * 1000


class Views(pulumi.ComponentResource):
    """The views of the dataset (spec objects.md 8, monitoring.md 4)."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        dataset: gcp.bigquery.Dataset,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("eros:warehouse:Views", name, None, opts)
        self._settings = settings
        self._dataset = dataset

    def add(self, view: View, needs: list[pulumi.Resource]) -> gcp.bigquery.Table:
        """Declare one view, to be created after `needs`."""
        materialized = view if isinstance(view, MaterializedView) else None
        return gcp.bigquery.Table(
            view.name,
            project=self._settings.project,
            dataset_id=self._dataset.dataset_id,
            table_id=view.name,
            description=view.description,
            view=None if materialized else _plain(view),
            materialized_view=_materialized(materialized) if materialized else None,
            time_partitioning=_partitioning(materialized) if materialized else None,
            clusterings=list(materialized.clustering) or None if materialized else None,
            labels=self._settings.all_labels,
            deletion_protection=False,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=needs, ignore_changes=KEY_OF_DATASET
            ),
        )


def _plain(view: View) -> gcp.bigquery.TableViewArgs:
    return gcp.bigquery.TableViewArgs(query=view.query, use_legacy_sql=False)


def _materialized(view: MaterializedView) -> gcp.bigquery.TableMaterializedViewArgs:
    return gcp.bigquery.TableMaterializedViewArgs(
        query=view.query,
        enable_refresh=view.enable_refresh,
        refresh_interval_ms=round(view.refresh_interval_minutes * MINUTE_MS),
    )


def _partitioning(view: MaterializedView) -> gcp.bigquery.TableTimePartitioningArgs | None:
    if view.partitioning is None:
        return None
    return gcp.bigquery.TableTimePartitioningArgs(
        type=view.partitioning["type"], field=view.partitioning["field"]
    )
