"""BigQuery tables, views, materialized views and external tables."""

import json
from typing import Any

from gcptypes import records

from ..cloud_calls import Cloud
from ..declared_inputs import Problem
from ..input_changes import Change
from ..mapping import Dialect, canonical_json
from ..resource import DeletionRefused, Properties, Resource
from . import table_schema
from .bigquery import ENDPOINT


class Table(Resource):
    """https://cloud.google.com/bigquery/docs/reference/rest/v2/tables"""

    token = records.TABLE
    endpoint = ENDPOINT
    collection = "projects/{project}/datasets/{datasetId}/tables"
    delete_before_replace = True
    assigned = frozenset({"expirationTime", "maxStaleness"})
    dialect = Dialect(renames={"clusterings": "clustering"})
    computed = {
        "creationTime": "integer",
        "etag": "string",
        "lastModifiedTime": "integer",
        "location": "string",
        "numBytes": "integer",
        "numLongTermBytes": "integer",
        "numRows": "integer",
        "selfLink": "string",
        "type": "string",
    }

    # Bodies --------------------------------------------------------------------------

    def body(self, inputs: Properties, cloud: Cloud) -> Properties:
        body = super().body(inputs, cloud)
        body["tableReference"] = {
            "projectId": inputs["project"],
            "datasetId": body.pop("datasetId"),
            "tableId": body.pop("tableId"),
        }
        if "schema" in body:
            body["schema"] = {"fields": json.loads(body["schema"])}
        external = body.get("externalDataConfiguration", {})
        if "schema" in external:
            external["schema"] = {"fields": json.loads(external["schema"])}
        if "clustering" in body:
            body["clustering"] = {"fields": body["clustering"]}
        if not body.get("timePartitioning", {}).get("expirationMs", True):
            del body["timePartitioning"]["expirationMs"]
        for key in body.get("tableConstraints", {}).get("foreignKeys", []):
            key["columnReferences"] = [key["columnReferences"]]
        return body

    def properties(self, answer: Properties) -> Properties:
        flat = dict(answer)
        if "schema" in flat:
            flat["schema"] = canonical_json(flat["schema"].get("fields", []))
        external = flat.get("externalDataConfiguration", {})
        if "schema" in external:
            fields = canonical_json(external["schema"].get("fields", []))
            flat["externalDataConfiguration"] = {**external, "schema": fields}
        if "clustering" in flat:
            flat["clustering"] = flat["clustering"].get("fields", [])
        constraints = flat.get("tableConstraints", {})
        if "foreignKeys" in constraints:
            keys = [
                {**key, "columnReferences": key["columnReferences"][0]}
                for key in constraints["foreignKeys"]
            ]
            flat["tableConstraints"] = {**constraints, "foreignKeys": keys}
        return super().properties(flat)

    # Comparing -----------------------------------------------------------------------

    def same(self, place: str, old: Any, new: Any) -> bool:
        if place == "timePartitioning.expirationMs" and new is None:
            return True  # Optional and computed: what is not said stays; 0 ends it.
        if place in ("schema", "externalDataConfiguration.schema"):
            return table_schema.same(old, new)
        return super().same(place, old, new)

    def replaces(self, change: Change, old: Properties, new: Properties) -> bool:
        if change.place == "schema" and isinstance(new.get("schema"), str):
            is_external = "externalDataConfiguration" in new
            return not table_schema.can_change_in_place(
                old.get("schema"), new["schema"], is_external=is_external
            )
        return super().replaces(change, old, new)

    def imported_inputs(self, state: Properties) -> Properties:
        inputs = super().imported_inputs(state)
        if "view" in inputs or "materializedView" in inputs:
            inputs.pop("schema", None)  # it follows from the query
        return inputs

    def problems(self, inputs: Properties) -> list[Problem]:
        found = []
        if isinstance(inputs.get("schema"), str) and table_schema.parse(inputs["schema"]) is None:
            found.append(Problem("schema", "expected a JSON list of fields that each have a name"))
        if "tableReplicationInfo" in inputs:
            found.append(Problem("tableReplicationInfo", "not served by the local cloud"))
        return found

    # Working -------------------------------------------------------------------------

    def late_inputs(self, inputs: Properties) -> frozenset[str]:
        # A view's; the columns of a table that is there already are somebody else's.
        return frozenset({"schema"}) if "view" in inputs else frozenset()

    def create(self, cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
        body = self.body(inputs, cloud)
        resource_id = self.id_of(inputs, {})
        # BigQuery takes a view's schema (its column descriptions) only once it exists.
        late_schema = body.pop("schema", None) if "view" in body else None
        if late_schema and table_schema.has_required(late_schema["fields"]):
            raise ValueError("Schema cannot contain required fields when creating a view")
        path = self.collection.format(**inputs)
        answer = cloud.call("POST", self.endpoint, path, body=body)
        if late_schema:
            body["schema"] = late_schema
            with self.existing(resource_id, inputs):
                answer = cloud.call("PUT", self.endpoint, resource_id, body=body)
        return resource_id, answer

    def read(self, cloud: Cloud, resource_id: str, state: Properties) -> Properties | None:
        view = state.get("tableMetadataView")
        query = {"view": view} if view else None
        return cloud.get(self.endpoint, self.path_of(resource_id), query=query)

    def update(
        self,
        cloud: Cloud,
        resource_id: str,
        inputs: Properties,
        state: Properties,
        changed: set[str],
    ) -> Properties:
        held = cloud.call("GET", self.endpoint, self.path_of(resource_id))
        if not changed - self.local_only:
            return held
        body = self.merged_body(cloud, inputs, state)
        body.get("externalDataConfiguration", {}).pop("schema", None)
        if "view" in body and "schema" not in body and "schema" in state:
            # Of the query before: the new one decides. So the real plugin sends it.
            body["schema"] = {"fields": json.loads(state["schema"])}
        elif "schema" in body and "schema" in held:
            self._drop_columns(cloud, inputs, held["schema"], body["schema"])
        return cloud.call("PUT", self.endpoint, self.path_of(resource_id), body=body)

    def _drop_columns(
        self, cloud: Cloud, inputs: Properties, held: Properties, wanted: Properties
    ) -> None:
        """Drop the columns the new schema lacks; the tables API itself never does."""
        removed = table_schema.removed_columns(held.get("fields", []), wanted["fields"])
        if not removed:
            return
        name = f"{inputs['project']}.{inputs['datasetId']}.{inputs['tableId']}"
        drops = ", ".join(f"DROP COLUMN `{column}`" for column in removed)
        cloud.call(
            "POST",
            self.endpoint,
            f"projects/{inputs['project']}/queries",
            body={"query": f"ALTER TABLE `{name}` {drops}", "useLegacySql": False},
        )

    def delete(self, cloud: Cloud, resource_id: str, state: Properties) -> None:
        if state.get("deletionProtection", True):
            raise DeletionRefused(
                f"cannot destroy table {resource_id} without setting"
                " deletion_protection=false and running `pulumi up`"
            )
        super().delete(cloud, resource_id, state)
