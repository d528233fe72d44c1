"""What every served resource type has in common.

A type is a subclass of `Resource`: what its record in `gcptypes` does not say as class
attributes, and methods only where Google's API departs from the usual insert, get, patch,
delete. Inputs here are plain values without secrets; only `planned` ever sees unknown ones.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import quote

from gcptypes import known

from . import input_changes, mapping
from .cloud_calls import ApiError, Cloud
from .declared_inputs import Declarations, Problem
from .properties import UNKNOWN, Secret, reveal

Properties = dict[str, Any]

DELETION_POLICY = "DELETE"
ATTRIBUTION_LABELS = {"goog-pulumi-provisioned": "true"}


class DeletionRefused(Exception):
    """The resource's own inputs forbid to delete it."""


class PartlyCreated(Exception):
    """The resource exists but its creation did not finish; its state must be kept."""

    def __init__(self, resource_id: str, state: Properties, reason: str) -> None:
        super().__init__(reason)
        self.resource_id = resource_id
        self.state = state


class Resource:
    """One resource type of the gcp package."""

    # `gcp:MODULE/NAME:CLASS`, and the configuration key of the API's endpoint.
    token: ClassVar[str]
    endpoint: ClassVar[str]
    # The path below the endpoint where that resource and its siblings are.
    collection: ClassVar[str] = ""
    api_version: ClassVar[str] = ""

    delete_before_replace: ClassVar[bool] = False
    # The input that is named after the Pulumi resource when the program does not set it.
    auto_name: ClassVar[str | None] = None

    dialect: ClassVar[mapping.Dialect] = mapping.Dialect()
    # Places of lists whose order means nothing.
    unordered: ClassVar[frozenset[str]] = frozenset()
    # Outputs that only the API knows, with their type.
    computed: ClassVar[Mapping[str, str]] = {}
    # Inputs the API fills in by itself when unset: never taken over by an import.
    assigned: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, declarations: Declarations) -> None:
        self.declarations = declarations
        self.record = known(self.token)
        # Inputs that the API is never sent as such.
        self.local_only = self.record.local_only
        # Pulumi adds its own to these; the labels of Cloud Monitoring are the user's alone.
        self.takes_labels = self.record.labels == "labels"

    # Names ---------------------------------------------------------------------------

    @classmethod
    def declaration_name(cls) -> str:
        """The class whose arguments declare this type's inputs, as MODULE:CLASS."""
        _, module, name = cls.token.split(":")
        return f"{module.split('/')[0]}:{name}"

    @property
    def has_deletion_policy(self) -> bool:
        """Whether the type knows what becomes of it at the end; the state always says."""
        return "deletionPolicy" in self.declarations.resource(self.declaration_name())["properties"]

    @property
    def type_name(self) -> str:
        """The class name, as used in messages."""
        return self.token.rsplit(":", 1)[1]

    def id_of(self, inputs: Properties, _answer: Properties) -> str:
        """The id of the resource these inputs describe."""
        return self.record.id_format.format(**inputs)

    def id_before_creation(self, inputs: Properties) -> str | None:
        """The id that creation will give, None where the API chooses it."""
        try:
            return self.id_of(inputs, {})
        except KeyError:
            return None

    def key_of(self, resource_id: str) -> Properties:
        """The inputs that an id holds; {} if the id is not of this type's form."""
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.record.id_format))
        match = re.fullmatch(pattern, resource_id)
        key = match.groupdict() if match else {}
        if key.get("project", "").isdigit():
            del key["project"]  # ids the API gives out hold the project's number
        return key

    def path_of(self, resource_id: str) -> str:
        """Where the API serves the resource, below its endpoint."""
        return self.api_version + quote(resource_id, safe="/:@")

    # Bodies --------------------------------------------------------------------------

    def body(self, inputs: Properties, cloud: Cloud) -> Properties:
        """The API's representation of the inputs."""
        sent = {
            key: value
            for key, value in inputs.items()
            if key not in self.local_only and key not in ("deletionPolicy", "project")
        }
        if self.takes_labels:
            sent["labels"] = self.own_labels(inputs, cloud)
        return mapping.to_api(sent, self.dialect)

    def properties(self, answer: Properties) -> Properties:
        """The declared inputs and computed outputs that an answer of the API holds."""
        declared = self.declarations.resource(self.declaration_name())["properties"]
        kinds = {**declared, **self.computed}
        return mapping.from_api_object(answer, kinds, self.declarations, self.dialect)

    def own_labels(self, inputs: Properties, cloud: Cloud) -> dict[str, str]:
        """All labels this provider manages: the user's, the provider's and Pulumi's."""
        return {**(cloud.default_labels or {}), **inputs.get("labels", {})}

    def outputs(
        self, resource_id: str, inputs: Properties, answer: Properties, cloud: Cloud
    ) -> Properties:
        """The state of a resource, from what was asked for and what the API holds."""
        found = self.properties(answer)
        kept = self.record.unreadable | {"deletionPolicy", "project"}
        state = {key: value for key, value in inputs.items() if key in kept}
        declared = self.declarations.resource(self.declaration_name())["properties"]
        for key, value in found.items():
            # The real plugin stores the text of a JSON document in one form, whoever wrote it.
            wanted = None if key in self.dialect.json_texts else inputs.get(key)
            agreed = value if wanted is None else self._in_user_words(key, wanted, value)
            state[key] = mapping.completed(agreed, declared.get(key, "any"), self.declarations)
        state = self.key_of(resource_id) | state
        if self.has_deletion_policy:
            state.setdefault("deletionPolicy", DELETION_POLICY)
        if self.takes_labels:
            held = answer.get("labels", {})
            user = inputs.get("labels", {})
            state["labels"] = {key: held[key] for key in sorted(user) if key in held}
            state["pulumiLabels"] = Secret(self.own_labels(inputs, cloud))
            state["effectiveLabels"] = Secret(dict(held))
        return state

    def _in_user_words(self, key: str, wanted: Any, held: Any) -> Any:
        return wanted if self._agrees(key, held, wanted) else held

    def _agrees(self, key: str, held: Any, wanted: Any) -> bool:
        return not input_changes.changes({key: held}, {key: wanted}, self.same)

    # Comparing -----------------------------------------------------------------------

    def same(self, place: str, old: Any, new: Any) -> bool:
        """Whether two different values at a place mean the same to the API."""
        if place in self.dialect.json_texts:
            return mapping.same_json(old, new)
        if place in self.unordered and isinstance(old, list) and isinstance(new, list):
            return sorted(map(mapping.canonical_json, old)) == sorted(
                map(mapping.canonical_json, new)
            )
        return False

    def current_inputs(self, inputs: Properties, state: Properties) -> Properties:
        """The inputs as the cloud has them now: of what the user had set, and only that."""
        unread = self.record.unreadable | {"deletionPolicy"}
        read_back = {key: value for key, value in inputs.items() if key not in unread}
        seen = input_changes.as_seen(read_back, state, self.same)
        return {**{key: inputs[key] for key in inputs if key in unread}, **seen}

    def imported_inputs(self, state: Properties) -> Properties:
        """The inputs that would describe an existing resource."""
        declared = self.declarations.resource(self.declaration_name())["properties"]
        taken = {
            key: value
            for key, value in state.items()
            if key in declared and key not in self.assigned and not mapping.is_zero(value)
        }
        if self.takes_labels:
            held = reveal(state["effectiveLabels"])
            taken["labels"] = {key: held[key] for key in sorted(held.keys() - ATTRIBUTION_LABELS)}
        return mapping.with_defaults(taken, self.record.defaults)

    def changes(self, old: Properties, new: Properties) -> list[input_changes.Change]:
        """The differences between the inputs in the cloud and the ones wanted."""
        return input_changes.changes(old, new, self.same)

    def replaces(self, change: input_changes.Change, old: Properties, new: Properties) -> bool:
        """Whether this change needs another resource."""
        if change.top == "project" or change.is_under(self.record.replaces):
            return True
        # A whole block came or went: it replaces if it holds a value that replaces.
        inside = [place for place in self.record.replaces if place.startswith(f"{change.place}.")]
        return any(
            mapping.value_at(side, place) is not None for side in (old, new) for place in inside
        )

    # Checking and planning -----------------------------------------------------------

    def problems(self, inputs: Properties) -> list[Problem]:
        """What is wrong with inputs of the right types, beyond what is declared."""
        del inputs
        return []

    def planned(self, inputs: Properties, cloud: Cloud) -> Properties:
        """The outputs of a resource that does not exist yet, as far as they are known."""
        plan: Properties = {**dict.fromkeys(self.computed, UNKNOWN), **inputs}
        if self.takes_labels:
            plan["pulumiLabels"] = Secret(self.own_labels(inputs, cloud))
            plan["effectiveLabels"] = Secret(self.own_labels(inputs, cloud))
        return plan

    # Working -------------------------------------------------------------------------

    def create(self, cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
        """Create the resource; its id and the API's representation."""
        path = self.api_version + self.collection.format(**inputs)
        answer = cloud.call("POST", self.endpoint, path, body=self.body(inputs, cloud))
        return self.id_of(inputs, answer), answer

    def read(self, cloud: Cloud, resource_id: str, state: Properties) -> Properties | None:
        """The API's representation, None if the resource does not exist."""
        del state
        return cloud.get(self.endpoint, self.path_of(resource_id))

    def find(self, cloud: Cloud, inputs: Properties) -> tuple[str, Properties] | None:
        """The existing resource that these inputs describe: its id and representation."""
        resource_id = self.id_before_creation(inputs)
        if resource_id is None:
            return self._titled(cloud, inputs)
        answer = self.read(cloud, resource_id, inputs)
        return None if answer is None else (resource_id, answer)

    def late_inputs(self, inputs: Properties) -> frozenset[str]:
        """Inputs that a creation sets by a second call, or on what it takes over."""
        del inputs
        return frozenset()

    def title_of(self, properties: Properties) -> str | None:
        """The name that people see, by which a resource is known whose id the API chooses."""
        return properties.get("displayName")

    def _titled(self, cloud: Cloud, inputs: Properties) -> tuple[str, Properties] | None:
        """The one resource of the collection with the same title and content."""
        path = self.api_version + self.collection.format(**inputs)
        key = path.rsplit("/", 1)[1]
        query: Properties = {}
        same = []
        while True:
            page = cloud.call("GET", self.endpoint, path, query=query)
            for answer in page.get(key, []):
                if self.title_of(self.properties(answer)) != self.title_of(inputs):
                    continue
                state = self.outputs(answer["name"], inputs, answer, cloud)
                if not self.changes(self.current_inputs(inputs, state), inputs):
                    same.append((answer["name"], answer))
            if not page.get("nextPageToken"):
                break
            query["pageToken"] = page["nextPageToken"]
        if len(same) > 1:
            names = ", ".join(name for name, _ in same)
            raise ApiError(409, f"Already Exists more than once: {names}", "duplicate")
        return same[0] if same else None

    def update(
        self,
        cloud: Cloud,
        resource_id: str,
        inputs: Properties,
        state: Properties,
        changed: set[str],
    ) -> Properties:
        """Bring the resource to the inputs; `changed` are the top-level inputs that differ."""
        body = self.merged_body(cloud, inputs, state)
        mask = self.update_mask(changed)
        query = {"updateMask": ",".join(mask)} if mask else None
        return cloud.call("PATCH", self.endpoint, self.path_of(resource_id), query=query, body=body)

    def delete(self, cloud: Cloud, resource_id: str, state: Properties) -> None:
        """Delete the resource; it is no error if it is gone already."""
        del state
        cloud.delete(self.endpoint, self.path_of(resource_id))

    @contextmanager
    def existing(self, resource_id: str, inputs: Properties) -> Iterator[None]:
        """A step of a creation after the resource exists: its failure must not lose it."""
        try:
            yield
        except Exception as error:
            raise PartlyCreated(resource_id, inputs, str(error)) from error

    def merged_body(self, cloud: Cloud, inputs: Properties, state: Properties) -> Properties:
        """The body of an update: labels set by others on the resource stay on it."""
        body = self.body(inputs, cloud)
        if self.takes_labels:
            managed = state.get("pulumiLabels", {})
            foreign = {
                key: value
                for key, value in state.get("effectiveLabels", {}).items()
                if key not in managed
            }
            body["labels"] = {**foreign, **self.own_labels(inputs, cloud)}
        return body

    def update_mask(self, changed: set[str]) -> list[str]:
        """The API's names of the changed inputs that it is sent."""
        own = self.local_only | {"deletionPolicy", "project"}
        names = {"labels" if key == "pulumiLabels" else key for key in changed - own}
        return sorted(self.dialect.key(name) for name in names)
