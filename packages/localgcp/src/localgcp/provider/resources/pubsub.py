"""Pub/Sub topics, and the subscriptions that their messages wait in."""

from typing import Any, ClassVar

from gcptypes import records

from ..cloud_calls import Cloud, until_found
from ..mapping import Dialect
from ..resource import Properties, Resource

ENDPOINT = "pubsubCustomEndpoint"


class Named(Resource):
    """What a PUT at its own path creates; no type by itself."""

    endpoint = ENDPOINT
    auto_name = "name"
    # The key of the resource in the body of an update.
    key: ClassVar[str]

    def body(self, inputs: Properties, cloud: Cloud) -> Properties:
        body = super().body(inputs, cloud)
        del body["name"]  # it is in the path
        return body

    def properties(self, answer: Properties) -> Properties:
        found = super().properties(answer)
        found["name"] = found["name"].rsplit("/", 1)[-1]
        return found

    def create(self, cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
        resource_id = self.id_of(inputs, {})
        # Of one that exists it is refused.
        body = self.body(inputs, cloud)
        cloud.call("PUT", self.endpoint, resource_id, body=body, repeatable=False)
        with self.existing(resource_id, inputs):
            found = until_found(lambda: self.read(cloud, resource_id, inputs), resource_id)
        return resource_id, found

    def update(
        self,
        cloud: Cloud,
        resource_id: str,
        inputs: Properties,
        state: Properties,
        changed: set[str],
    ) -> Properties:
        # In the query, although Pub/Sub's document has it in the body: so does the real plugin.
        query = {"updateMask": ",".join(self.update_mask(changed))}
        body = {self.key: self.merged_body(cloud, inputs, state)}
        return cloud.call("PATCH", self.endpoint, resource_id, query=query, body=body)


class Topic(Named):
    """https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics"""

    token = records.TOPIC
    key = "topic"
    dialect = Dialect(renames={"messageTransforms.javascriptUdfs": "javascriptUdf"})

    @classmethod
    def parse(cls, resource_id: str) -> Properties:
        """Project and topic in a topic's id."""
        _, project, _, topic = resource_id.split("/")
        return {"project": project, "topic": topic}


class Subscription(Named):
    """https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions"""

    token = records.SUBSCRIPTION
    key = "subscription"
    dialect = Dialect(renames={"messageTransforms.javascriptUdfs": "javascriptUdf"})
    assigned = frozenset({"expirationPolicy"})

    def body(self, inputs: Properties, cloud: Cloud) -> Properties:
        topic = inputs["topic"]
        whole = topic if "/" in topic else f"projects/{inputs['project']}/topics/{topic}"
        return {**super().body(inputs, cloud), "topic": whole}

    def same(self, place: str, old: Any, new: Any) -> bool:
        if place == "topic" and isinstance(old, str) and isinstance(new, str):
            # A program may name the topic without its project.
            names_only = "/" not in old or "/" not in new
            return names_only and old.rsplit("/", 1)[-1] == new.rsplit("/", 1)[-1]
        return super().same(place, old, new)
