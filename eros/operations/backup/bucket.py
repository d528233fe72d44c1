"""Copies outside BigQuery: Parquet files and `metadata.json` in the bucket.

A backup's folder is named by its stamp; each table is `<table>-*.parquet`, because an export
of more than 1 GB takes several files. `metadata.json` is written last: a folder without it is
an export that was interrupted.

Parquet has no type for JSON, so JSON travels as text. Columns that do not come back as they
were are refused before anything is written.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from bqstack import partition_filter
from bqstack.amounts import counted
from bqstack.errors import UserError
from eros.cloud.google import Google
from eros.operations.backup import backup_jobs, column_fit, names
from eros.operations.backup.backup_jobs import quoted
from eros.operations.backup.backup_record import Backup, TableCopy
from eros.operations.backup.names import snapshot
from eros.operations.backup.progress import Progress

if TYPE_CHECKING:
    from google.cloud import bigquery

_METADATA = "metadata.json"
_RETRIES = 3
_LIMITS = ("maxLength", "precision", "scale")
# Types that Parquet does not carry, or BigQuery does not read back as they were.
_UNFIT = frozenset({"INTERVAL", "RANGE", "GEOGRAPHY"})


def require(google: Google) -> None:
    """Raise UserError unless the bucket is there."""
    name = google.settings.backup.bucket
    request = google.api("storage").buckets().get(bucket=name, fields="name")
    _execute(google, request)


def check(tables: Iterable[TableCopy]) -> None:
    """Raise UserError for a column that Parquet does not carry."""
    for table in tables:
        for field in table.schema or ():
            if unfit := _unfit(field, nested=False):
                raise UserError(
                    f"the column {table.name}.{field['name']} holds {unfit}, which Parquet "
                    "cannot restore",
                    fix="back up without --export; snapshots keep every type",
                )


def _unfit(field: Mapping[str, Any], *, nested: bool) -> str | None:
    kind: str = field["type"]
    inside = nested or field.get("mode") == "REPEATED"
    if kind in _UNFIT or (kind == "JSON" and inside):
        return kind
    if nested and not column_fit.is_plain(field["name"]):
        return f"a field named {field['name']!r}"
    return next(filter(None, (_unfit(f, nested=True) for f in field.get("fields", ()))), None)


def export(google: Google, backup: Backup, progress: Progress) -> None:
    """Write every table of the snapshots, then the metadata."""
    filled = [table for table in backup.tables if table.rows]
    done = backup_jobs.side_by_side(lambda table: export_table(google, backup, table), filled)
    progress(f"exported {counted(len(done), 'table')} to {uri(google, backup.id)}")
    from googleapiclient.http import MediaInMemoryUpload

    content = json.dumps(backup.document(), indent=2).encode()
    request = (
        google.api("storage")
        .objects()
        .insert(
            bucket=google.settings.backup.bucket,
            name=f"{backup.id}/{_METADATA}",
            media_body=MediaInMemoryUpload(content, mimetype="application/json"),
        )
    )
    _execute(google, request)


def export_table(google: Google, backup: Backup, table: TableCopy) -> None:
    """Write one table of the snapshots."""
    settings = google.settings
    parts = (settings.project, settings.backup.dataset, snapshot(table.name, backup.id))
    with backup_jobs.refusals(settings):
        live = google.bigquery.get_table(".".join(parts))
    source, every_row = quoted(*parts), partition_filter.every_row(live.to_api_repr())
    selected = ", ".join(as_text(field) for field in table.schema or ())
    where = f"\nWHERE {every_row}" if every_row else ""
    statement = (
        f"EXPORT DATA OPTIONS (uri = '{_files(google, backup.id, table.name)}', "
        f"format = 'PARQUET', compression = 'ZSTD', overwrite = FALSE)\n"
        f"AS SELECT {selected} FROM {source} AS {partition_filter.ROW}{where}"
    )
    backup_jobs.rows(google, statement, [table.bytes or 0])


def as_text(field: Mapping[str, Any]) -> str:
    """A column as Parquet carries it."""
    column, name = partition_filter.of_row(field["name"]), quoted(column_fit.staged(field))
    if field["type"] != "JSON":
        return f"{column} AS {name}"
    return f"IF({column} IS NULL, NULL, TO_JSON_STRING({column})) AS {name}"


def load(google: Google, backup: Backup, table: TableCopy, target: str) -> None:
    """Load an exported table into the new table `target` (project.dataset.table).

    JSON columns are left as text there; an empty table has no files.
    """
    from google.cloud import bigquery

    schema = [_staged(field) for field in table.schema or ()]
    with backup_jobs.refusals(google.settings):
        if not table.rows:
            google.bigquery.create_table(bigquery.Table(target, schema=schema))
            return
        parquet = bigquery.ParquetOptions()
        parquet.enable_list_inference = True
        job_config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            schema=schema,
            write_disposition=bigquery.WriteDisposition.WRITE_EMPTY,
            labels=backup_jobs.labels(google.settings),
        )
        job_config.parquet_options = parquet
        files = _files(google, backup.id, table.name)
        google.bigquery.load_table_from_uri(files, target, job_config=job_config).result()


def _staged(field: Mapping[str, Any]) -> bigquery.SchemaField:
    from google.cloud import bigquery

    kind = "STRING" if field["type"] == "JSON" else field["type"]
    # Defaults and REQUIRED are the business of the table that is restored.
    mode = "REPEATED" if field.get("mode") == "REPEATED" else "NULLABLE"
    return bigquery.SchemaField.from_api_repr(
        {
            "name": column_fit.staged(field),
            "type": kind,
            "mode": mode,
            "fields": field.get("fields", []),
            **{key: field[key] for key in _LIMITS if key in field},
        }
    )


def exports(google: Google) -> set[str]:
    """Names of the backups that have a complete export."""
    ends = f"/{_METADATA}"
    found = {name.removesuffix(ends) for name in objects(google) if name.endswith(ends)}
    return {name for name in found if names.is_stamp(name)}


def objects(google: Google, prefix: str = "") -> list[str]:
    """Names of all objects whose name begins so."""
    service = google.api("storage").objects()
    request = service.list(
        bucket=google.settings.backup.bucket, prefix=prefix, fields="items(name),nextPageToken"
    )
    found: list[str] = []
    while request is not None:
        answer = _execute(google, request)
        found += [item["name"] for item in answer.get("items", ())]
        request = service.list_next(request, answer)
    return found


def folders(google: Google) -> dict[str, int]:
    """Name of each backup with files, whole or not, to their number."""
    return Counter(
        folder
        for name in objects(google)
        if (folder := name.partition("/")[0]) and names.is_stamp(folder)
    )


def read(google: Google, backup_id: str) -> Backup:
    """The backup that an export's metadata describes."""
    request = (
        google.api("storage")
        .objects()
        .get_media(bucket=google.settings.backup.bucket, object=f"{backup_id}/{_METADATA}")
    )
    try:
        return Backup.read(json.loads(_execute(google, request)))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UserError(
            "not the metadata of a backup",
            file=f"{uri(google, backup_id)}/{_METADATA}",
            fix="move the folder out of the bucket",
        ) from None


def delete(google: Google, backup_id: str) -> int:
    """Delete the export's files, the metadata first; how many there were."""
    service = google.api("storage").objects()
    files = objects(google, f"{backup_id}/")
    for name in sorted(files, key=lambda name: not name.endswith(f"/{_METADATA}")):
        _execute(google, service.delete(bucket=google.settings.backup.bucket, object=name))
    return len(files)


def uri(google: Google, backup_id: str) -> str:
    """The folder of an export."""
    return f"gs://{google.settings.backup.bucket}/{backup_id}"


def _files(google: Google, backup_id: str, table: str) -> str:
    return f"{uri(google, backup_id)}/{table}-*.parquet"


def _execute(google: Google, request: Any) -> Any:
    """What the request brings; a missing bucket or right is a UserError."""
    from googleapiclient.errors import HttpError

    settings = google.settings
    try:
        return request.execute(num_retries=_RETRIES)
    except HttpError as error:
        bucket = settings.backup.bucket
        if error.status_code == 404:
            raise UserError(
                f"the bucket {bucket}: {error.reason}",
                fix=f"pulumi up --stack {settings.stack}",
            ) from error
        if error.status_code == 403:
            raise UserError(
                f"the bucket {bucket}: {error.reason}",
                fix="add yourself to eros:backup.operators; that grants "
                "roles/storage.objectAdmin and roles/storage.legacyBucketReader on the bucket",
            ) from error
        raise
