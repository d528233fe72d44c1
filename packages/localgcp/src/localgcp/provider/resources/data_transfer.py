"""Scheduled queries and other transfers of the BigQuery Data Transfer Service."""

from typing import Any

from gcptypes import records

from ..cloud_calls import Cloud
from ..resource import Properties, Resource
from .bigquery import case_insensitive


class DataTransferConfig(Resource):
    """https://cloud.google.com/bigquery/docs/reference/datatransfer/rest/v1/projects.locations.transferConfigs"""

    token = records.TRANSFER
    endpoint = "bigqueryDataTransferCustomEndpoint"
    collection = "projects/{project}/locations/{location}/transferConfigs"
    computed = {"name": "string"}

    def id_of(self, _inputs: Properties, answer: Properties) -> str:
        return answer["name"]

    def key_of(self, resource_id: str) -> Properties:
        key = super().key_of(resource_id)
        key.pop("configId", None)
        return key

    def same(self, place: str, old: Any, new: Any) -> bool:
        if place == "location":
            return case_insensitive(old, new)
        return super().same(place, old, new)

    def body(self, inputs: Properties, cloud: Cloud) -> Properties:
        body = super().body(inputs, cloud)
        body.pop("serviceAccountName", None)  # travels in the query
        secrets = body.pop("sensitiveParams", {})
        if "secretAccessKey" in secrets:
            body["params"] = {**body["params"], "secret_access_key": secrets["secretAccessKey"]}
        return body

    def create(self, cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
        answer = cloud.call(
            "POST",
            self.endpoint,
            self.collection.format(**inputs),
            query=self._identity(inputs),
            body=self.body(inputs, cloud),
        )
        return answer["name"], answer

    def update(
        self,
        cloud: Cloud,
        resource_id: str,
        inputs: Properties,
        state: Properties,
        changed: set[str],
    ) -> Properties:
        mask = {"params" if key == "sensitiveParams" else key for key in self.update_mask(changed)}
        query = {**self._identity(inputs), "updateMask": ",".join(sorted(mask))}
        body = self.body(inputs, cloud)
        return cloud.call("PATCH", self.endpoint, resource_id, query=query, body=body)

    def _identity(self, inputs: Properties) -> Properties:
        return {"serviceAccountName": inputs.get("serviceAccountName", "")}
