"""A sample into the external tables, by load jobs, once.

What is loaded is read from the rows themselves: every identifier starts with the
sample's prefix. A label or a table of notes would be one more thing that can differ
from the data, and a label on a table would be drift to Pulumi.
"""

from __future__ import annotations

import tempfile
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
from google.api_core.exceptions import NotFound
from google.cloud import bigquery
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from bqstack import amounts
from bqstack.errors import UserError
from eros.project.settings import Settings
from eros.sample.sample_shape import SCHEMAS, Identity, Sample, Scale, Size

# The system never deletes from these, so fewer rows than generated mean damage. Locks
# and recommendations come and go.
_COMPLETE_TABLES = frozenset({"caption_bank", "captions", "mass_messages"})
# What the system learns from the rows, by the column that has an identifier of the sample.
_LEARNED = {
    "caption_bandit_stats": "caption_id",
    "caption_choices": "caption_id",
    "message_feedback": "message_id",
}
# What the system counts of the rows now and then, and health and alerts judge.
_COUNTED = ("count_active_captions", "count_integrity_violations")
# To name a sample by its identifiers, which have a digest of the seed.
_LIKELY_SEEDS = range(100)
# An identifier of any sample (`Identity.prefix`).
_ID = "^s[0-9]{6}-[0-9a-f]{4}-"
# Always true; satisfies a partition filter that a table may require.
_PARTITION_FILTERS = dict.fromkeys(
    ("mass_messages", "message_feedback"), "sent_at >= TIMESTAMP '1970-01-01 00:00:00+00'"
)


@dataclass(frozen=True)
class LoadReport:
    """What a load did: rows per table that were written, and per table already there."""

    identity: Identity
    loaded: dict[str, int]
    unchanged: dict[str, int]

    @property
    def changed(self) -> bool:
        """Whether any row was written."""
        return bool(self.loaded)

    def __str__(self) -> str:
        if not self.loaded:
            there = sum(self.unchanged.values())
            return f"{self.identity}: nothing changed, it has {amounts.counted(there, 'row')}"
        written = sum(self.loaded.values())
        rows = amounts.counted(written, "row")
        text = f"{self.identity}: {rows} loaded into {', '.join(self.loaded)}"
        return text + (f"; unchanged: {', '.join(self.unchanged)}" if self.unchanged else "")


@dataclass(frozen=True)
class _State:
    """How many rows a table holds, and how many of them are the sample's."""

    total: int
    own: int


class _Target:
    """The dataset of a stack, with the labels that every job carries."""

    def __init__(self, client: bigquery.Client, settings: Settings) -> None:
        self.client = client
        self.settings = settings
        self.dataset = bigquery.DatasetReference(settings.project, settings.dataset)
        self.labels = {"component": "sample", **settings.all_labels}

    def reference(self, table: str) -> bigquery.TableReference:
        return self.dataset.table(table)

    def query(self, sql: str, **parameters: str) -> list[bigquery.Row]:
        values = [
            bigquery.ScalarQueryParameter(name, "STRING", value)
            for name, value in parameters.items()
        ]
        config = bigquery.QueryJobConfig(query_parameters=values, labels=self.labels)
        return list(self.client.query(sql, job_config=config).result())

    def sql_name(self, table: str) -> str:
        return f"`{self.dataset.project}`.`{self.dataset.dataset_id}`.`{table}`"


def load(
    client: bigquery.Client,
    settings: Settings,
    sample: Sample,
    *,
    console: Console | None = None,
    replace: bool = False,
) -> LoadReport:
    """Load `sample` where it is missing; tables that hold it already are left alone.

    A progress bar per table goes to `console`. With `replace` the rows of all five tables are
    replaced, whoever's they are, and what the system has learned from an earlier sample goes
    with them; nothing is deleted before all of the replacement is there. An interrupted load is
    completed by the next one. Figures that are stored of the rows are counted again after it.

    UserError, before anything is written: the stack or the dataset is production, a
    table is missing or lacks a column, or it holds rows of another origin.
    """
    target = _Target(client, settings)
    _refuse_production(target)
    schemas = {name: _job_schema(target, name) for name in sample.tables}
    if replace:
        _replace(target, sample, schemas, console)
        _count_again(target)
        loaded = {name: table.num_rows for name, table in sample.tables.items()}
        return LoadReport(sample.identity, loaded=loaded, unchanged={})
    states = {name: _state(target, name, sample) for name in sample.tables}
    for name, state in states.items():
        _refuse_foreign_rows(target, name, state, sample)

    missing = [name for name, state in states.items() if state.total == 0]
    if missing:
        with _progress(console) as progress:
            for name in missing:
                _load_table(target, name, name, sample.tables[name], schemas[name], progress)
        _count_again(target)
    return LoadReport(
        sample.identity,
        loaded={name: sample.tables[name].num_rows for name in missing},
        unchanged={name: state.own for name, state in states.items() if name not in missing},
    )


def loaded_day(
    client: bigquery.Client, settings: Settings, size: Size | Scale, seed: int
) -> date | None:
    """The day of the sample of this size and seed that the dataset holds, if it does.

    A caller that generates for this day rather than for today finds its sample of
    yesterday again instead of being refused.
    """
    scale = size.scale if isinstance(size, Size) else size
    digest = Identity(scale, seed, date.min).digest
    target = _Target(client, settings)
    try:
        [row] = target.query(
            "SELECT MAX(SUBSTR(caption_id, 2, 6)) AS day "
            f"FROM {target.sql_name('caption_bank')} WHERE SUBSTR(caption_id, 8, 6) = @digest",
            digest=f"-{digest}-",
        )
    except NotFound:
        return None
    return datetime.strptime(row.day, "%y%m%d").date() if row.day else None


def held(client: bigquery.Client, settings: Settings) -> str | None:
    """Name of the sample that the dataset holds, whichever it is; None for other rows or none."""
    target = _Target(client, settings)
    try:
        [row] = target.query(
            "SELECT MAX(caption_id) AS newest, LOGICAL_AND(REGEXP_CONTAINS(caption_id, @form)) "
            f"AS is_sample FROM {target.sql_name('caption_bank')}",
            form=_ID,
        )
    except NotFound:
        return None
    if not row.is_sample:
        return None
    day = datetime.strptime(row.newest[1:7], "%y%m%d").date()
    for size in Size:
        for seed in _LIKELY_SEEDS:
            found = Identity(size.scale, seed, day)
            if row.newest.startswith(found.prefix):
                return str(found)
    return f"sample {row.newest[:12]} of {day}"


def _replace(
    target: _Target,
    sample: Sample,
    schemas: dict[str, list[bigquery.SchemaField]],
    console: Console | None,
) -> None:
    """Load beside the tables, then replace their rows in one transaction: all or nothing."""
    mark = uuid.uuid4().hex[:8]
    beside = {name: f"sample_{mark}_{name}" for name in sample.tables}
    try:
        with _progress(console) as progress:
            for name, other in beside.items():
                table = bigquery.Table(target.reference(other), schema=schemas[name])
                # Left behind by a process that was killed, it goes by itself.
                table.expires = datetime.now(UTC) + timedelta(days=1)
                target.client.create_table(table)
                _load_table(target, name, other, sample.tables[name], schemas[name], progress)
        target.query(_replacement(target, sample, beside), prefix=sample.identity.prefix, form=_ID)
    finally:
        for other in beside.values():
            target.client.delete_table(target.reference(other), not_found_ok=True)


def _count_again(target: _Target) -> None:
    """Without it the health check would judge the captions of before for an hour."""
    there = {routine.routine_id for routine in target.client.list_routines(target.dataset)}
    for name in _COUNTED:
        if name in there:
            target.query(f"CALL {target.sql_name(name)}()")


def _replacement(target: _Target, sample: Sample, beside: dict[str, str]) -> str:
    statements = []
    for name, other in beside.items():
        columns = ", ".join(f"`{column}`" for column in SCHEMAS[name].names)
        statements += [
            f"TRUNCATE TABLE {target.sql_name(name)}",
            f"INSERT INTO {target.sql_name(name)} ({columns}) "
            f"SELECT {columns} FROM {target.sql_name(other)}",
        ]
    present = {table.table_id for table in target.client.list_tables(target.dataset)}
    statements += [
        # Figures of captions that are gone would be violations for 90 days.
        f"DELETE FROM {target.sql_name(name)} "
        f"WHERE REGEXP_CONTAINS({key}, @form) AND NOT STARTS_WITH({key}, @prefix)"
        f" AND {_PARTITION_FILTERS.get(name, 'TRUE')}"
        for name, key in _LEARNED.items()
        if name in present
    ]
    return f"BEGIN TRANSACTION; {'; '.join(statements)}; COMMIT TRANSACTION;"


def _refuse_production(target: _Target) -> None:
    settings = target.settings
    name = f"{target.dataset.project}.{target.dataset.dataset_id}"
    fix = "load the sample into a local or staging stack"
    # A sandbox in production's project has a dataset of its own.
    if settings.environment == "prod" and not settings.sandbox:
        raise UserError("sample data is never loaded into production", value=name, fix=fix)
    try:
        found = target.client.get_dataset(target.dataset)
    except NotFound:
        raise UserError(
            f"there is no dataset {name} to load the sample into",
            fix=f"pulumi up --stack {settings.stack}",
        ) from None
    # The label is a second opinion: a wrong project in a stack file must not get through.
    own_sandbox = settings.sandbox and found.labels.get("sandbox") == settings.sandbox
    if found.labels.get("environment") == "prod" and not own_sandbox:
        raise UserError(
            "the dataset is labelled as production; sample data is never loaded there",
            value=name,
            fix=fix,
        )


def _job_schema(target: _Target, name: str) -> list[bigquery.SchemaField]:
    """The table's own fields for the columns that the sample fills."""
    try:
        table = target.client.get_table(target.reference(name))
    except NotFound:
        raise UserError(
            f"there is no table {target.reference(name)} to load the sample into",
            fix=f"pulumi up --stack {target.settings.stack}, with eros:externalTables greenfield",
        ) from None
    fields = {field.name: field for field in table.schema}
    lacking = [column for column in SCHEMAS[name].names if column not in fields]
    if lacking:
        raise UserError(
            f"table {target.reference(name)} lacks columns of the sample: {', '.join(lacking)}",
            fix=f"compare sql/external_tables/{name}.sql with SCHEMAS in sample_shape.py",
        )
    return [fields[column] for column in SCHEMAS[name].names]


def _state(target: _Target, name: str, sample: Sample) -> _State:
    key = SCHEMAS[name].names[0]
    where = f" WHERE {_PARTITION_FILTERS[name]}" if name in _PARTITION_FILTERS else ""
    [row] = target.query(
        f"SELECT COUNT(*) AS total, COUNTIF(STARTS_WITH({key}, @prefix)) AS own "
        f"FROM {target.sql_name(name)}{where}",
        prefix=sample.identity.prefix,
    )
    return _State(row.total, row.own)


def _refuse_foreign_rows(target: _Target, name: str, state: _State, sample: Sample) -> None:
    expected = sample.tables[name].num_rows
    fix = "eros sample --replace replaces the rows of the five tables; the present rows are lost"
    if state.total and not state.own:
        raise UserError(
            f"table {target.reference(name)} holds {amounts.counted(state.total, 'row')}"
            f" not from the {sample.identity}",
            fix=fix,
        )
    if name in _COMPLETE_TABLES and state.own not in (0, expected):
        raise UserError(
            f"table {target.reference(name)} holds {state.own:,} of the {expected:,} rows of the "
            f"{sample.identity}",
            fix=fix,
        )


def _load_table(
    target: _Target,
    name: str,
    into: str,
    table: pa.Table,
    schema: list[bigquery.SchemaField],
    progress: Progress,
) -> None:
    """One load job: all rows or none."""
    config = bigquery.LoadJobConfig(
        schema=schema,
        source_format=bigquery.SourceFormat.PARQUET,
        write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
        create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
        labels=target.labels,
    )
    with tempfile.TemporaryFile() as file:
        pq.write_table(table, file, compression="zstd")
        length = file.tell()
        file.seek(0)
        label = f"{name} ({amounts.counted(table.num_rows, 'row')})"
        with progress.wrap_file(file, total=length, description=label) as stream:
            job = target.client.load_table_from_file(
                stream, target.reference(into), size=length, job_config=config
            )
            job.result()


def _progress(console: Console | None) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, disable=console is None)
