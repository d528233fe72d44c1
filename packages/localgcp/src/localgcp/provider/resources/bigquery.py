"""BigQuery datasets, routines and row access policies."""

from typing import Any

from gcptypes import records

from ..cloud_calls import Cloud
from ..declared_inputs import Problem
from ..mapping import Dialect
from ..resource import Properties, Resource

ENDPOINT = "bigQueryCustomEndpoint"


def case_insensitive(old: Any, new: Any) -> bool:
    """Whether two names are the same up to case, as locations are."""
    return isinstance(old, str) and isinstance(new, str) and old.lower() == new.lower()


class Dataset(Resource):
    """https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets"""

    token = records.DATASET
    endpoint = ENDPOINT
    collection = "projects/{project}/datasets"
    dialect = Dialect(renames={"accesses": "access"})
    unordered = frozenset({"accesses"})
    computed = {
        "creationTime": "integer",
        "etag": "string",
        "lastModifiedTime": "integer",
        "selfLink": "string",
    }

    def body(self, inputs: Properties, cloud: Cloud) -> Properties:
        body = super().body(inputs, cloud)
        reference = {"projectId": inputs["project"], "datasetId": body.pop("datasetId")}
        return {**body, "datasetReference": reference}

    def same(self, place: str, old: Any, new: Any) -> bool:
        if place == "location":
            return case_insensitive(old, new)
        return super().same(place, old, new)

    def imported_inputs(self, state: Properties) -> Properties:
        # Access is the dataset's own business unless a program lists it.
        inputs = super().imported_inputs(state)
        inputs.pop("accesses", None)
        return inputs

    def update(
        self,
        cloud: Cloud,
        resource_id: str,
        inputs: Properties,
        state: Properties,
        changed: set[str],
    ) -> Properties:
        body = self.merged_body(cloud, inputs, state)
        if "access" not in body:
            # A PUT without access would take away what DatasetIamMember has granted.
            held = cloud.call("GET", self.endpoint, resource_id)
            if "access" in held:
                body["access"] = held["access"]
        return cloud.call("PUT", self.endpoint, resource_id, body=body)

    def delete(self, cloud: Cloud, resource_id: str, state: Properties) -> None:
        contents = {"deleteContents": bool(state.get("deleteContentsOnDestroy"))}
        cloud.delete(self.endpoint, resource_id, query=contents)


class Overwritten(Resource):
    """What an update replaces as a whole; no type by itself."""

    def update(
        self,
        cloud: Cloud,
        resource_id: str,
        inputs: Properties,
        state: Properties,
        changed: set[str],
    ) -> Properties:
        return cloud.call("PUT", self.endpoint, resource_id, body=self.body(inputs, cloud))


class Routine(Overwritten):
    """https://cloud.google.com/bigquery/docs/reference/rest/v2/routines"""

    token = records.ROUTINE
    endpoint = ENDPOINT
    collection = "projects/{project}/datasets/{datasetId}/routines"
    dialect = Dialect(
        json_texts=frozenset(
            {
                "arguments.dataType",
                "arguments.tableType.columns.type",
                "returnType",
                "returnTableType",
            }
        )
    )
    computed = {"creationTime": "integer", "lastModifiedTime": "integer"}

    _KINDS = ("SCALAR_FUNCTION", "PROCEDURE", "TABLE_VALUED_FUNCTION", "AGGREGATE_FUNCTION")

    def body(self, inputs: Properties, cloud: Cloud) -> Properties:
        body = super().body(inputs, cloud)
        reference = {
            "projectId": inputs["project"],
            "datasetId": body.pop("datasetId"),
            "routineId": body.pop("routineId"),
        }
        return {**body, "routineReference": reference}

    def problems(self, inputs: Properties) -> list[Problem]:
        kind = inputs.get("routineType")
        if isinstance(kind, str) and kind not in self._KINDS:
            return [Problem("routineType", f"expected one of {', '.join(self._KINDS)}")]
        return []


class RowAccessPolicy(Overwritten):
    """https://cloud.google.com/bigquery/docs/reference/rest/v2/rowAccessPolicies"""

    token = records.ROW_POLICY
    endpoint = ENDPOINT
    collection = "projects/{project}/datasets/{datasetId}/tables/{tableId}/rowAccessPolicies"
    computed = {"creationTime": "string", "lastModifiedTime": "string"}

    def body(self, inputs: Properties, cloud: Cloud) -> Properties:
        body = super().body(inputs, cloud)
        named = {key: body.pop(key) for key in ("datasetId", "tableId", "policyId")}
        return {**body, "rowAccessPolicyReference": {"projectId": inputs["project"], **named}}

    def delete(self, cloud: Cloud, resource_id: str, state: Properties) -> None:
        # The last one of a table, too, although more people see its rows then.
        cloud.delete(self.endpoint, resource_id, body={"force": True})
