"""Pub/Sub topics."""

from gcptypes import records

from ..cloud_calls import Cloud, until_found
from ..mapping import Dialect
from ..resource import Properties, Resource

ENDPOINT = "pubsubCustomEndpoint"


class Topic(Resource):
    """https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics"""

    token = records.TOPIC
    endpoint = ENDPOINT
    auto_name = "name"
    dialect = Dialect(renames={"messageTransforms.javascriptUdfs": "javascriptUdf"})

    @classmethod
    def parse(cls, resource_id: str) -> Properties:
        """Project and topic in a topic's id."""
        _, project, _, topic = resource_id.split("/")
        return {"project": project, "topic": topic}

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
        # A PUT that creates: of a topic that exists it is refused.
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
        body = {"topic": self.merged_body(cloud, inputs, state)}
        return cloud.call("PATCH", self.endpoint, resource_id, query=query, body=body)
