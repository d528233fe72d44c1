"""Cloud Logging: log-based metrics, log buckets and sinks."""

from urllib.parse import quote

from gcptypes import records

from ..cloud_calls import ApiError, Cloud, until_found
from ..mapping import Dialect
from ..resource import Properties, Resource

ENDPOINT = "loggingCustomEndpoint"

# The lifecycle state of a log bucket in the days between its deletion and its end.
_DELETED = "DELETE_REQUESTED"


class Metric(Resource):
    """https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics"""

    token = records.LOG_METRIC
    endpoint = ENDPOINT
    collection = "projects/{project}/metrics"
    auto_name = "name"
    unordered = frozenset({"metricDescriptor.labels"})

    def create(self, cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
        path = self.collection.format(**inputs)
        answer = cloud.call("POST", self.endpoint, path, body=self.body(inputs, cloud))
        return inputs["name"], answer

    def read(self, cloud: Cloud, resource_id: str, state: Properties) -> Properties | None:
        return cloud.get(self.endpoint, self._path(cloud, resource_id, state))

    def update(
        self,
        cloud: Cloud,
        resource_id: str,
        inputs: Properties,
        state: Properties,
        changed: set[str],
    ) -> Properties:
        path = self._path(cloud, resource_id, state)
        return cloud.call("PUT", self.endpoint, path, body=self.body(inputs, cloud))

    def delete(self, cloud: Cloud, resource_id: str, state: Properties) -> None:
        cloud.delete(self.endpoint, self._path(cloud, resource_id, state))

    def _path(self, cloud: Cloud, name: str, state: Properties) -> str:
        project = state.get("project", cloud.project)
        return f"projects/{project}/metrics/{quote(name, safe='')}"


class ProjectBucketConfig(Resource):
    """https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.locations.buckets"""

    token = records.LOG_BUCKET
    endpoint = ENDPOINT
    dialect = Dialect(renames={"enableAnalytics": "analyticsEnabled"})
    unordered = frozenset({"indexConfigs"})
    computed = {"lifecycleState": "string", "name": "string"}

    # Google makes these itself, and they cannot be deleted.
    _BUILT_IN = ("_Default", "_Required")

    def late_inputs(self, inputs: Properties) -> frozenset[str]:
        # A bucket that exists is taken over, whatever it holds.
        return frozenset(inputs.keys() - self.local_only)

    def id_of(self, inputs: Properties, answer: Properties) -> str:
        project = inputs["project"].removeprefix("projects/")
        return super().id_of({**inputs, "project": project}, answer)

    def create(self, cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
        resource_id = self.id_of(inputs, {})
        held = cloud.get(self.endpoint, resource_id)
        if held is not None:
            # A bucket outlives its deletion by days: like the real plugin, take it over.
            if held.get("lifecycleState") == _DELETED:
                cloud.call("POST", self.endpoint, f"{resource_id}:undelete", body={})
            sent = inputs.keys() - {"deletionPolicy", "project"} - self.local_only
            return resource_id, self.update(cloud, resource_id, inputs, {}, set(sent))
        operation = cloud.call(
            "POST",
            self.endpoint,
            f"{resource_id.rsplit('/', 1)[0]}:createAsync",
            query={"bucketId": inputs["bucketId"]},
            body=self.body(inputs, cloud),
        )
        return resource_id, self._done(cloud, operation, resource_id)

    def _done(self, cloud: Cloud, operation: Properties, resource_id: str) -> Properties:
        """The bucket that an operation has made, when it has ended."""

        def ended() -> Properties | None:
            found = cloud.get(self.endpoint, operation["name"])
            return found if found is not None and found.get("done") else None

        found = operation if operation.get("done") else until_found(ended, resource_id)
        if "error" in found:
            error = found["error"]
            raise ApiError(error.get("code", 500), error.get("message", "the operation failed"))
        made: Properties = found["response"]
        return {key: value for key, value in made.items() if key != "@type"}

    def read(self, cloud: Cloud, resource_id: str, state: Properties) -> Properties | None:
        answer = super().read(cloud, resource_id, state)
        is_gone = answer is not None and answer.get("lifecycleState") == _DELETED
        return None if is_gone else answer

    def delete(self, cloud: Cloud, resource_id: str, state: Properties) -> None:
        if state["bucketId"] not in self._BUILT_IN:
            super().delete(cloud, resource_id, state)


class ProjectSink(Resource):
    """https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.sinks"""

    token = records.LOG_SINK
    endpoint = ENDPOINT
    collection = "projects/{project}/sinks"
    auto_name = "name"
    computed = {"writerIdentity": "string"}

    _BUILT_IN = ("_Default", "_Required")

    def create(self, cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
        answer = cloud.call(
            "POST",
            self.endpoint,
            self.collection.format(**inputs),
            query=self._identity(inputs),
            body=self.body(inputs, cloud),
        )
        return self.id_of(inputs, answer), answer

    def update(
        self,
        cloud: Cloud,
        resource_id: str,
        inputs: Properties,
        state: Properties,
        changed: set[str],
    ) -> Properties:
        # The real plugin always names these two, whatever has changed.
        mask = {"destination", "filter", *self.update_mask(changed)}
        query = {**self._identity(inputs), "updateMask": ",".join(sorted(mask))}
        body = self.body(inputs, cloud)
        return cloud.call("PATCH", self.endpoint, resource_id, query=query, body=body)

    def delete(self, cloud: Cloud, resource_id: str, state: Properties) -> None:
        if state["name"] not in self._BUILT_IN:
            super().delete(cloud, resource_id, state)

    def _identity(self, inputs: Properties) -> Properties:
        query: Properties = {"uniqueWriterIdentity": bool(inputs.get("uniqueWriterIdentity"))}
        if inputs.get("customWriterIdentity"):
            query["customWriterIdentity"] = inputs["customWriterIdentity"]
        return query
