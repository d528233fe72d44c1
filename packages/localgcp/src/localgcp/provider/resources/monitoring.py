"""Cloud Monitoring: alert policies, notification channels, dashboards, descriptors."""

import json
from typing import Any

from gcptypes import records

from ..cloud_calls import ApiError, Cloud, until_found
from ..declared_inputs import Problem
from ..mapping import Dialect, canonical_json
from ..resource import Properties, Resource

ENDPOINT = "monitoringCustomEndpoint"


class AlertPolicy(Resource):
    """https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies"""

    token = records.ALERT
    endpoint = ENDPOINT
    api_version = "v3/"
    collection = "projects/{project}/alertPolicies"
    dialect = Dialect(
        renames={
            "alertStrategy.notificationChannelStrategies": "notificationChannelStrategy",
        }
    )
    computed = {"creationRecords": "any", "name": "string"}

    def id_of(self, _inputs: Properties, answer: Properties) -> str:
        return answer["name"]

    def key_of(self, resource_id: str) -> Properties:
        key = super().key_of(resource_id)
        key.pop("policyId", None)
        return key

    def properties(self, answer: Properties) -> Properties:
        record = answer.get("creationRecord")
        flat = {**answer, "creationRecords": [record] if record else []}
        return super().properties(flat)

    def same(self, place: str, old: Any, new: Any) -> bool:
        if place.endswith(".crossSeriesReducer"):
            return {old, new} <= {None, "", "REDUCE_NONE"}
        return super().same(place, old, new)

    def imported_inputs(self, state: Properties) -> Properties:
        inputs = super().imported_inputs(state)
        for condition in inputs.get("conditions", []):
            condition.pop("name", None)  # Google's name for it
        return inputs

    def merged_body(self, cloud: Cloud, inputs: Properties, state: Properties) -> Properties:
        body = super().merged_body(cloud, inputs, state)
        # A condition sent without its name is a new one, and its open incidents close.
        held = {item["displayName"]: item.get("name") for item in state.get("conditions", [])}
        for condition in body["conditions"]:
            name = held.pop(condition["displayName"], None)
            if name:
                condition["name"] = name
        return body


class NotificationChannel(Resource):
    """https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.notificationChannels"""

    token = records.CHANNEL
    endpoint = ENDPOINT
    api_version = "v3/"
    collection = "projects/{project}/notificationChannels"
    computed = {"name": "string", "verificationStatus": "string"}

    # Labels the API never answers in clear text, by their property.
    _SENSITIVE = {"authToken": "auth_token", "password": "password", "serviceKey": "service_key"}
    _WRITE_ONLY_SUFFIX = "Wo"

    def id_of(self, _inputs: Properties, answer: Properties) -> str:
        return answer["name"]

    def key_of(self, resource_id: str) -> Properties:
        key = super().key_of(resource_id)
        key.pop("channelId", None)
        return key

    def problems(self, inputs: Properties) -> list[Problem]:
        labels = inputs.get("labels")
        if not isinstance(labels, dict):
            return []
        return [
            Problem(
                f"labels.{label}",
                f"Setting {label!r} in labels shows it in the state: use sensitiveLabels",
            )
            for label in self._SENSITIVE.values()
            if label in labels and label in self._labels(inputs.get("sensitiveLabels"))
        ]

    def body(self, inputs: Properties, cloud: Cloud) -> Properties:
        body = super().body(inputs, cloud)
        secrets = self._labels(body.pop("sensitiveLabels", None))
        if secrets:
            body["labels"] = {**body.get("labels", {}), **secrets}
        return body

    def _labels(self, sensitive: Any) -> dict[str, Any]:
        """The API's labels for the sensitiveLabels input."""
        if not isinstance(sensitive, dict):
            return {}
        return {
            label: sensitive[key]
            for name, label in self._SENSITIVE.items()
            for key in (name, name + self._WRITE_ONLY_SUFFIX)
            if key in sensitive
        }

    def properties(self, answer: Properties) -> Properties:
        found = super().properties(answer)
        hidden = self._SENSITIVE.values()
        labels = found.get("labels", {})
        found["labels"] = {key: value for key, value in labels.items() if key not in hidden}
        return found

    def update(
        self,
        cloud: Cloud,
        resource_id: str,
        inputs: Properties,
        state: Properties,
        changed: set[str],
    ) -> Properties:
        body = self.body(inputs, cloud)
        # Without a mask the API keeps what the body leaves out, so a removed text is sent.
        cleared = changed & {"description", "displayName"} - body.keys()
        body |= dict.fromkeys(sorted(cleared), "")
        return cloud.call("PATCH", self.endpoint, self.path_of(resource_id), body=body)

    def delete(self, cloud: Cloud, resource_id: str, state: Properties) -> None:
        query = {"force": bool(state.get("forceDelete"))}
        cloud.delete(self.endpoint, self.path_of(resource_id), query=query)


class Dashboard(Resource):
    """https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards"""

    token = records.DASHBOARD
    endpoint = ENDPOINT
    api_version = "v1/"
    collection = "projects/{project}/dashboards"

    def id_of(self, _inputs: Properties, answer: Properties) -> str:
        return answer["name"]

    def key_of(self, resource_id: str) -> Properties:
        key = super().key_of(resource_id)
        key.pop("dashboardId", None)
        return key

    def title_of(self, properties: Properties) -> str | None:
        return json.loads(properties["dashboardJson"]).get("displayName")

    def problems(self, inputs: Properties) -> list[Problem]:
        text = inputs.get("dashboardJson")
        if isinstance(text, str) and _parsed(text) is None:
            return [Problem("dashboardJson", "expected the JSON text of an object")]
        return []

    def body(self, inputs: Properties, cloud: Cloud) -> Properties:
        return json.loads(inputs["dashboardJson"])

    def properties(self, answer: Properties) -> Properties:
        return {"dashboardJson": canonical_json(answer)}

    def same(self, place: str, old: Any, new: Any) -> bool:
        if place != "dashboardJson":
            return super().same(place, old, new)
        held, wanted = _parsed(old), _parsed(new)
        if held is None or wanted is None:
            return False
        return _without_additions(held, wanted) == wanted

    def imported_inputs(self, state: Properties) -> Properties:
        inputs = super().imported_inputs(state)
        held = json.loads(inputs["dashboardJson"])
        own = {key: value for key, value in held.items() if key not in ("etag", "name")}
        return inputs | {"dashboardJson": canonical_json(own)}

    def update(
        self,
        cloud: Cloud,
        resource_id: str,
        inputs: Properties,
        state: Properties,
        changed: set[str],
    ) -> Properties:
        path = self.path_of(resource_id)
        held = cloud.call("GET", self.endpoint, path)
        body = self.body(inputs, cloud) | {"etag": held["etag"]}
        try:
            return cloud.call("PATCH", self.endpoint, path, body=body)
        except ApiError as error:
            # A try whose answer was lost has changed the etag.
            found = cloud.call("GET", self.endpoint, path) if error.status in (409, 412) else {}
            if found and self.same("dashboardJson", canonical_json(found), inputs["dashboardJson"]):
                return found
            raise


class MetricDescriptor(Resource):
    """https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.metricDescriptors"""

    token = records.METRIC_DESCRIPTOR
    endpoint = ENDPOINT
    api_version = "v3/"
    collection = "projects/{project}/metricDescriptors"
    unordered = frozenset({"labels"})
    computed = {"monitoredResourceTypes": "any", "name": "string"}

    def key_of(self, resource_id: str) -> Properties:
        _, project, _, kind = resource_id.split("/", 3)
        return {"project": project, "type": kind}

    def create(self, cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
        path = self.api_version + self.collection.format(**inputs)
        # Creating a descriptor that exists overwrites it.
        cloud.call("POST", self.endpoint, path, body=self.body(inputs, cloud), repeatable=True)
        resource_id = self.id_of(inputs, {})
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
        return self.create(cloud, inputs)[1]  # a second create is Google's update


def _parsed(text: Any) -> Properties | None:
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _without_additions(held: Any, wanted: Any) -> Any:
    """What the API holds, without the keys it has added to what was wanted."""
    if isinstance(held, dict) and isinstance(wanted, dict):
        return {
            key: _without_additions(value, wanted[key])
            for key, value in held.items()
            if key in wanted
        }
    if isinstance(held, list) and isinstance(wanted, list) and len(held) == len(wanted):
        return [_without_additions(one, other) for one, other in zip(held, wanted, strict=True)]
    return held
