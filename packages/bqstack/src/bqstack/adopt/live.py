"""A live dataset, read through Google's APIs, in the words of the provider's inputs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from google.api_core.exceptions import NotFound

from bqstack import bigquery_rest
from bqstack.adopt.survey_parts import LISTED_TYPES, ROUTINE_KINDS, Declared, Live
from bqstack.connection import Connection
from bqstack.target import Target
from bqstack.unchecked import JsonMapping, JsonObject
from gcptypes import known
from gcptypes.records import BIGQUERY, DATASET, ROUTINE, TABLE, TRANSFER

if TYPE_CHECKING:
    from google.cloud import bigquery

_AT_ONCE = 8
_KINDS = {
    "TABLE": "table",
    "VIEW": "view",
    "MATERIALIZED_VIEW": "materialized view",
    "EXTERNAL": "external table",
    "SNAPSHOT": "snapshot",
}
# Fields of the API that the provider takes under the same name.
_TABLE_FIELDS = (
    "description",
    "friendlyName",
    "labels",
    "maxStaleness",
    "requirePartitionFilter",
    "encryptionConfiguration",
    "tableConstraints",
    "expirationTime",
    "rangePartitioning",
    "timePartitioning",
)
_ROUTINE_FIELDS = (
    "routineType",
    "language",
    "description",
    "definitionBody",
    "determinismLevel",
    "importedLibraries",
    "securityMode",
)
_UNSPECIFIED = "DETERMINISM_LEVEL_UNSPECIFIED"
_DATASET_FIELDS = (
    "location",
    "description",
    "friendlyName",
    "labels",
    "maxTimeTravelHours",
    "defaultTableExpirationMs",
    "defaultPartitionExpirationMs",
    "defaultCollation",
    "storageBillingModel",
)


def read(
    google: Connection,
    target: Target,
    datasets: Iterable[str],
    declared: Iterable[Declared] = (),
) -> list[Live]:
    """Datasets of these names with their tables, views and routines, and scheduled queries.

    Of other types what is `declared` and there.
    """
    found: list[Live] = []
    for name in dict.fromkeys(datasets):
        found += _dataset(google.bigquery, target.project, name)
    return found + _transfers(google, target) + _by_id(google, target, declared)


def _by_id(google: Connection, target: Target, declared: Iterable[Declared]) -> list[Live]:
    found = []
    for resource in declared:
        record = known(resource.type)
        if record.api != BIGQUERY or resource.type in LISTED_TYPES:
            continue
        inputs = {"project": target.project, **resource.inputs}
        own = record.id_of(inputs)
        answer = bigquery_rest.get(google.bigquery, own) if own else None
        if own and answer is not None:
            # What names it is in its id; an input that the API does not give back is unknown.
            named = {key: value for key, value in resource.inputs.items() if key in record.names}
            answered = _chosen(answer, resource.inputs)
            name = own.rpartition("/")[2]
            dataset = str(inputs.get("datasetId", ""))
            found.append(Live(resource.type, record.title, name, dataset, own, named | answered))
    return found


def _dataset(client: bigquery.Client, project: str, name: str) -> list[Live]:
    try:
        dataset = client.get_dataset(f"{project}.{name}").to_api_repr()
    except NotFound:
        return []
    here = f"projects/{project}/datasets/{name}"
    inputs: JsonObject = {"project": project, "datasetId": name}
    inputs |= _chosen(dataset, _DATASET_FIELDS)
    if key := (dataset.get("defaultEncryptionConfiguration") or {}).get("kmsKeyName"):
        inputs["defaultEncryptionConfiguration"] = {"kmsKeyName": key}
    routines = [item.reference for item in client.list_routines(f"{project}.{name}")]
    known = {reference.routine_id for reference in routines}
    # The local BigQuery lists functions among tables, too.
    tables = [
        item.reference
        for item in client.list_tables(f"{project}.{name}")
        if item.table_id not in known
    ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        read_tables = list(pool.map(lambda reference: _table(client, reference), tables))
        read_routines = list(pool.map(lambda reference: _routine(client, reference), routines))
    return [Live(DATASET, "dataset", name, name, here, inputs), *read_tables, *read_routines]


def _table(client: bigquery.Client, reference: bigquery.TableReference) -> Live:
    table = client.get_table(reference).to_api_repr()
    kind = _KINDS.get(table.get("type", "TABLE"), table.get("type", "").lower())
    inputs: JsonObject = {
        "project": reference.project,
        "datasetId": reference.dataset_id,
        "tableId": reference.table_id,
    } | _chosen(table, _TABLE_FIELDS)
    if keys := inputs.get("tableConstraints"):
        inputs["tableConstraints"] = _keys(keys)
    if clustering := (table.get("clustering") or {}).get("fields"):
        inputs["clusterings"] = clustering
    if view := table.get("view"):
        inputs["view"] = {
            "query": view["query"],
            "useLegacySql": bool(view.get("useLegacySql", False)),
        }
    elif materialized := table.get("materializedView"):
        inputs["materializedView"] = _chosen(
            materialized, ("query", "enableRefresh", "allowNonIncrementalDefinition")
        )
        if interval := materialized.get("refreshIntervalMs"):
            inputs["materializedView"]["refreshIntervalMs"] = int(interval)
    else:
        # A view's schema follows from its query.
        inputs["schema"] = json.dumps((table.get("schema") or {}).get("fields") or [])
    return Live(
        TABLE,
        kind,
        reference.table_id,
        reference.dataset_id,
        f"projects/{reference.project}/datasets/{reference.dataset_id}/tables/{reference.table_id}",
        inputs,
        rows=_number(table.get("numRows")) if kind == "table" else None,
        bytes=_number(table.get("numBytes")) if kind == "table" else None,
        answer=table,
    )


def _routine(client: bigquery.Client, reference: bigquery.RoutineReference) -> Live:
    routine = client.get_routine(reference).to_api_repr()
    inputs: JsonObject = {
        "project": reference.project,
        "datasetId": reference.dataset_id,
        "routineId": reference.routine_id,
        "arguments": [_argument(argument) for argument in routine.get("arguments") or []],
    } | _chosen(routine, _ROUTINE_FIELDS)
    if inputs.get("determinismLevel") == _UNSPECIFIED:
        del inputs["determinismLevel"]  # BigQuery's word for none
    for key in ("returnType", "returnTableType"):
        if routine.get(key):
            inputs[key] = json.dumps(routine[key])
    return Live(
        ROUTINE,
        ROUTINE_KINDS.get(routine.get("routineType", ""), "routine"),
        reference.routine_id,
        reference.dataset_id,
        f"projects/{reference.project}/datasets/{reference.dataset_id}"
        f"/routines/{reference.routine_id}",
        inputs,
        answer=routine,
    )


def _keys(constraints: JsonMapping) -> JsonObject:
    """The provider takes one pair of columns a foreign key; of more all stay to be refused."""
    foreign = []
    for key in constraints.get("foreignKeys") or []:
        pairs = key["columnReferences"]
        foreign.append({**key, "columnReferences": pairs[0] if len(pairs) == 1 else pairs})
    return {**constraints, **({"foreignKeys": foreign} if foreign else {})}


def _argument(argument: JsonMapping) -> JsonObject:
    found = _chosen(argument, ("name", "argumentKind", "mode"))
    if argument.get("dataType"):
        found["dataType"] = json.dumps(argument["dataType"])
    return found


def _transfers(google: Connection, target: Target) -> list[Live]:
    parent = f"projects/{target.project}/locations/{target.location}"
    found = []
    for config in google.transfers.list_transfer_configs(parent=parent):
        inputs = {
            "project": target.project,
            "displayName": config.display_name,
            "dataSourceId": config.data_source_id,
            "schedule": config.schedule,
            "disabled": config.disabled,
            "destinationDatasetId": config.destination_dataset_id,
            "notificationPubsubTopic": config.notification_pubsub_topic,
            "params": dict(config.params),
        }
        kind = "scheduled query" if config.data_source_id == "scheduled_query" else "transfer"
        dataset = config.destination_dataset_id
        found.append(Live(TRANSFER, kind, config.display_name, dataset, config.name, inputs))
    return found


def _chosen(document: JsonMapping, keys: Iterable[str]) -> JsonObject:
    return {key: document[key] for key in keys if document.get(key) not in (None, "", [], {})}


def _number(text: str | None) -> int | None:
    return int(text) if text is not None else None
