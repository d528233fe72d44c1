"""What the engine may ask of a resource: check, diff, create, read, update, delete.

Values here are decoded property maps, with secrets and unknown values marked; the
resource types behind it see plain values.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from . import mapping, resources
from .configuration import Configuration
from .create_once import create
from .declared_inputs import Problem
from .input_changes import Change, Kind
from .properties import UNKNOWN, conceal, has_unknown, reveal
from .resource import DeletionRefused, PartlyCreated, Properties, Resource

# Kept by the real plugin inside inputs; a state it has written may hold it.
_BRIDGE_KEY = "__defaults"
_NAME_SUFFIX_LENGTH = 7


class UnservedType(Exception):
    """The program declares a resource type that this provider does not serve."""

    def __init__(self, token: str) -> None:
        super().__init__(
            f"{token} is not served by the EROS local-cloud provider, which serves the types"
            " the EROS program declares"
        )


@dataclass(frozen=True)
class Difference:
    """The outcome of a diff."""

    changes: list[Change]
    replaces: list[Change] = field(default_factory=list)
    delete_before_replace: bool = False


class Engine:
    """The served resource types, by token."""

    def __init__(self) -> None:
        self.declarations = resources.declarations()
        self._types = resources.by_token(self.declarations)

    def type_of(self, token: str) -> Resource:
        """The resource type of a Pulumi token, or UnservedType."""
        if token not in self._types:
            raise UnservedType(token)
        return self._types[token]

    def check_config(self, inputs: Properties) -> list[Problem]:
        """The provider arguments that pulumi_gcp does not declare."""
        declared = self.declarations.resource(resources.PROVIDER_DECLARATION)["properties"]
        known = declared.keys() | {"version", "pluginDownloadURL", "__internal"}
        return [Problem(key, "Invalid or unknown key") for key in sorted(inputs.keys() - known)]

    def check(
        self, token: str, name: str, olds: Properties, news: Properties, seed: bytes
    ) -> tuple[Properties, list[Problem]]:
        """The inputs with defaults and a generated name, and what is wrong with them."""
        kind = self.type_of(token)
        inputs = mapping.with_defaults(_without_bridge_keys(news), kind.record.defaults)
        if kind.auto_name and kind.auto_name not in inputs:
            inputs[kind.auto_name] = olds.get(kind.auto_name) or _auto_name(name, seed)
        problems = self.declarations.problems(kind.declaration_name(), inputs)
        return inputs, problems or kind.problems(reveal(inputs))

    def diff(
        self,
        configuration: Configuration,
        token: str,
        old_inputs: Properties,
        state: Properties,
        news: Properties,
    ) -> Difference:
        """What an update from the state to the new inputs would change."""
        kind = self.type_of(token)
        old_inputs, state, news = (
            reveal(_without_bridge_keys(side)) for side in (old_inputs, state, news)
        )
        old = kind.current_inputs(old_inputs, state)
        new = dict(news)
        if state.get("project") and configuration.cloud.project:
            old["project"] = state["project"]
            new = self._placed(configuration, new)
        changes = kind.changes(old, new)
        changes += self._label_changes(configuration, kind, state, news, changes)
        replaces = [change for change in changes if kind.replaces(change, old, new)]
        keeps_name = kind.auto_name is not None and not any(
            change.top == kind.auto_name for change in replaces
        )
        before = bool(replaces) and (kind.delete_before_replace or keeps_name)
        return Difference(changes, replaces, before)

    @staticmethod
    def _label_changes(
        configuration: Configuration,
        kind: Resource,
        state: Properties,
        news: Properties,
        found: list[Change],
    ) -> list[Change]:
        """A change of the provider's own labels, when the user's stay the same."""
        if not kind.takes_labels or "pulumiLabels" not in state:
            return []
        if any(change.top == "labels" for change in found) or has_unknown(news.get("labels")):
            return []
        if state["pulumiLabels"] == kind.own_labels(news, configuration.cloud):
            return []
        return [Change("pulumiLabels", "pulumiLabels", Kind.UPDATE)]

    @staticmethod
    def _placed(configuration: Configuration, inputs: Properties) -> Properties:
        """The inputs with the provider's project where they name none."""
        project = inputs.get("project", configuration.cloud.project)
        if project is None:
            raise ValueError("no project: set `project` on the gcp provider or on the resource")
        return {**inputs, "project": project}

    # Previews ------------------------------------------------------------------------

    def plan_create(
        self, configuration: Configuration, token: str, inputs: Properties
    ) -> Properties:
        """The outputs as far as they are known before the resource exists."""
        kind = self.type_of(token)
        plain = reveal(inputs)
        plain.setdefault("project", configuration.cloud.project or UNKNOWN)
        return conceal(kind.planned(plain, configuration.cloud), inputs)

    def plan_update(
        self,
        configuration: Configuration,
        token: str,
        old_inputs: Properties,
        state: Properties,
        news: Properties,
    ) -> Properties:
        """The outputs as far as they are known before the update: the rest stays."""
        kind = self.type_of(token)
        removed = old_inputs.keys() - news.keys() - {"project"}
        kept = {key: value for key, value in state.items() if key not in removed}
        computed = {key: kept[key] for key in kind.computed if key in kept}
        plain = self._placed(configuration, reveal(news))
        planned = kind.planned(plain, configuration.cloud)
        return conceal({**kept, **planned, **computed}, news)

    # Work ----------------------------------------------------------------------------

    def create(
        self, configuration: Configuration, token: str, inputs: Properties
    ) -> tuple[str, Properties]:
        """Create the resource; its id and state."""
        kind = self.type_of(token)
        configuration.require_local()
        plain = self._placed(configuration, reveal(inputs))
        try:
            resource_id, answer = create(kind, configuration.cloud, plain)
        except PartlyCreated as error:
            error.state = conceal(error.state, inputs)
            raise
        state = kind.outputs(resource_id, plain, answer, configuration.cloud)
        return resource_id, conceal(state, inputs)

    def read(
        self,
        configuration: Configuration,
        token: str,
        resource_id: str,
        inputs: Properties,
        state: Properties,
    ) -> tuple[Properties, Properties] | None:
        """The inputs and state as the cloud has them now; None if it is gone.

        Without inputs and state this is an import.
        """
        kind = self.type_of(token)
        configuration.require_local()
        old_inputs, old_state = reveal(_without_bridge_keys(inputs)), reveal(state)
        key = kind.key_of(resource_id)
        place = self._placed(configuration, {**key, **old_state})
        answer = kind.read(configuration.cloud, resource_id, place)
        if answer is None:
            return None
        known = {**place, **old_inputs} if old_inputs else {"project": place["project"]}
        fresh = kind.outputs(resource_id, known, answer, configuration.cloud)
        if old_inputs:
            current = kind.current_inputs(old_inputs, fresh)
        else:
            current = kind.imported_inputs(fresh)
            known |= current
            fresh = kind.outputs(resource_id, known, answer, configuration.cloud)
        return conceal(current, inputs), conceal(conceal(fresh, inputs), state)

    def update(
        self,
        configuration: Configuration,
        token: str,
        resource_id: str,
        old_inputs: Properties,
        state: Properties,
        news: Properties,
    ) -> Properties:
        """Bring the resource to the new inputs; its new state."""
        kind = self.type_of(token)
        configuration.require_local()
        difference = self.diff(configuration, token, old_inputs, state, news)
        plain = self._placed(configuration, reveal(news))
        if not difference.changes:
            # The engine updates without a change only what failed while it was created.
            current = self.read(configuration, token, resource_id, news, state)
            if current is None:
                return self.create(configuration, token, news)[1]
            state = current[1]
            difference = self.diff(configuration, token, current[0], state, news)
            if not difference.changes:
                return state
            if difference.replaces:
                places = ", ".join(sorted({change.top for change in difference.replaces}))
                raise ValueError(
                    f"{resource_id} exists with another {places} than the program declares, "
                    "and an update cannot change that: delete it, or import it"
                )
        changed = {change.top for change in difference.changes}
        answer = kind.update(configuration.cloud, resource_id, plain, reveal(state), changed)
        fresh = kind.outputs(resource_id, plain, answer, configuration.cloud)
        return conceal(fresh, news)

    def delete(
        self, configuration: Configuration, token: str, resource_id: str, state: Properties
    ) -> None:
        """Delete the resource unless its own inputs say otherwise."""
        kind = self.type_of(token)
        configuration.require_local()
        plain = self._placed(configuration, reveal(state))
        policy = plain.get("deletionPolicy", "DELETE")
        if policy == "PREVENT":
            raise DeletionRefused(
                f'cannot destroy {kind.type_name} without setting deletion_policy="DELETE"'
                " and running `pulumi up`"
            )
        if policy != "ABANDON":
            kind.delete(configuration.cloud, resource_id, plain)


def _auto_name(name: str, seed: bytes) -> str:
    suffix = hashlib.sha256(seed).hexdigest()[:_NAME_SUFFIX_LENGTH]
    return f"{name}-{suffix}"


def _without_bridge_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_bridge_keys(item) for key, item in value.items() if key != _BRIDGE_KEY
        }
    if isinstance(value, list):
        return [_without_bridge_keys(item) for item in value]
    return value
