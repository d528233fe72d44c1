"""Cloud Storage buckets."""

from typing import Any
from urllib.parse import quote

from gcptypes import records

from ..cloud_calls import Cloud
from ..mapping import Dialect
from ..resource import ATTRIBUTION_LABELS, DeletionRefused, Properties, Resource
from .bigquery import case_insensitive

ENDPOINT = "storageCustomEndpoint"

# The lifecycle condition that says "live" by a word in Pulumi and by a flag in the API.
_IS_LIVE = {"LIVE": True, "ARCHIVED": False}


class Bucket(Resource):
    """https://cloud.google.com/storage/docs/json_api/v1/buckets"""

    token = records.BUCKET
    endpoint = ENDPOINT
    collection = "b"
    auto_name = "name"
    assigned = frozenset({"rpo", "softDeletePolicy"})
    dialect = Dialect(
        renames={
            "lifecycleRules.condition.matchesPrefixes": "matchesPrefix",
            "lifecycleRules.condition.matchesStorageClasses": "matchesStorageClass",
            "lifecycleRules.condition.matchesSuffixes": "matchesSuffix",
            "cors.maxAgeSeconds": "maxAgeSeconds",
            "cors.methods": "method",
            "cors.origins": "origin",
            "cors.responseHeaders": "responseHeader",
        }
    )
    computed = {
        "projectNumber": "integer",
        "selfLink": "string",
        "timeCreated": "string",
        "updated": "string",
        "url": "string",
    }

    # Inputs that sit inside another object of the API.
    _NESTED = {
        "lifecycleRules": ("lifecycle", "rule"),
        "publicAccessPrevention": ("iamConfiguration", "publicAccessPrevention"),
        "requesterPays": ("billing", "requesterPays"),
    }

    def own_labels(self, inputs: Properties, cloud: Cloud) -> dict[str, str]:
        """The real plugin puts Pulumi's label on everything but buckets."""
        labels = super().own_labels(inputs, cloud)
        return {key: value for key, value in labels.items() if key not in ATTRIBUTION_LABELS}

    def body(self, inputs: Properties, cloud: Cloud) -> Properties:
        body = super().body(inputs, cloud)
        for name, (outer, inner) in self._NESTED.items():
            if name in body:
                body.setdefault(outer, {})[inner] = body.pop(name)
        if "uniformBucketLevelAccess" in body:
            access = {"enabled": body.pop("uniformBucketLevelAccess")}
            body.setdefault("iamConfiguration", {})["uniformBucketLevelAccess"] = access
        for rule in body.get("lifecycle", {}).get("rule", []):
            rule["condition"] = _condition_for_api(rule.get("condition", {}))
        body["location"] = body["location"].upper()
        return body

    def properties(self, answer: Properties) -> Properties:
        flat = dict(answer)
        for name, (outer, inner) in self._NESTED.items():
            if inner in flat.get(outer, {}):
                flat[name] = flat[outer][inner]
        uniform = flat.get("iamConfiguration", {}).get("uniformBucketLevelAccess")
        if uniform is not None:
            flat["uniformBucketLevelAccess"] = uniform.get("enabled", False)
        if "lifecycleRules" in flat:
            flat["lifecycleRules"] = [
                {**rule, "condition": _condition_from_api(rule.get("condition", {}))}
                for rule in flat["lifecycleRules"]
            ]
        return super().properties(flat) | {"url": f"gs://{answer['name']}"}

    def same(self, place: str, old: Any, new: Any) -> bool:
        if place == "location":
            return case_insensitive(old, new)
        if place.endswith(".withState"):
            return {old, new} <= {None, "ANY"}
        return super().same(place, old, new)

    def path_of(self, resource_id: str) -> str:
        return "b/" + super().path_of(resource_id)

    def create(self, cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
        query = {"project": inputs["project"]}
        body = self.body(inputs, cloud)
        answer = cloud.call("POST", self.endpoint, self.collection, query=query, body=body)
        return inputs["name"], answer

    def update(
        self,
        cloud: Cloud,
        resource_id: str,
        inputs: Properties,
        state: Properties,
        changed: set[str],
    ) -> Properties:
        body = self.merged_body(cloud, inputs, state)
        names = {"labels" if key == "pulumiLabels" else key for key in changed - self.local_only}
        patch: dict[str, Any] = {}
        for name in sorted(names):
            # The inputs inside iamConfiguration travel together; an absent value resets.
            outer = "iamConfiguration" if name == "uniformBucketLevelAccess" else name
            outer = self._NESTED.get(name, (outer,))[0]
            patch[outer] = body.get(outer)
        removed = state.get("pulumiLabels", {}).keys() - self.own_labels(inputs, cloud).keys()
        if "labels" in patch:
            # A label missing from a PATCH stays; only null takes it away.
            patch["labels"] = {**patch["labels"], **dict.fromkeys(removed)}
        return cloud.call("PATCH", self.endpoint, self.path_of(resource_id), body=patch)

    def delete(self, cloud: Cloud, resource_id: str, state: Properties) -> None:
        path = self.path_of(resource_id)
        query = {"versions": True}
        held = cloud.get(self.endpoint, f"{path}/o", query=query)
        objects = (held or {}).get("items", [])
        if objects and not state.get("forceDestroy"):
            raise DeletionRefused(
                f"Error trying to delete bucket {resource_id} containing objects"
                " without `force_destroy` set to true"
            )
        for item in objects:
            object_path = self.object_path(path, item["name"])
            generation = {"generation": item["generation"]} if "generation" in item else None
            cloud.delete(self.endpoint, object_path, query=generation)
        cloud.delete(self.endpoint, path)

    @staticmethod
    def object_path(bucket_path: str, name: str) -> str:
        """The path of an object, whose name may hold slashes."""
        return f"{bucket_path}/o/{quote(name, safe='')}"


def _condition_for_api(condition: Properties) -> Properties:
    sent = {key: value for key, value in condition.items() if not key.startswith("send")}
    state = sent.pop("withState", "ANY")
    return sent | ({"isLive": _IS_LIVE[state]} if state in _IS_LIVE else {})


def _condition_from_api(condition: Properties) -> Properties:
    if "isLive" not in condition:
        return condition
    words = {flag: word for word, flag in _IS_LIVE.items()}
    return {**condition, "withState": words[condition["isLive"]]}
