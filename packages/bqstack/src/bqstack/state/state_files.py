"""Resources, checkpoints and updates as Pulumi's state files have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bqstack.unchecked import JsonMapping, JsonObject

# Key and value by which the engine knows a property map that stands for something special
# (sdk/go/common/resource/sig/sig.go), and the value for a secret.
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET_MARKER = "1b47061264138c4ac30d75fd1eb44270"
# The keys of a resource that have a field of their own below.
_FIELDS = frozenset(
    {
        "urn",
        "type",
        "id",
        "inputs",
        "outputs",
        "parent",
        "provider",
        "dependencies",
        "propertyDependencies",
        "protect",
        "custom",
    }
)


@dataclass(frozen=True)
class Resource:
    """One resource of a checkpoint; empty text where the state has nothing."""

    urn: str
    type: str
    name: str
    id: str
    inputs: JsonObject
    outputs: JsonObject
    parent: str
    provider: str
    """Urn and id of the provider, joined by `::`."""
    dependencies: tuple[str, ...]
    protect: bool
    custom: bool
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: JsonMapping = field(default_factory=dict)
    """Everything else that the state says of it, as it stands there."""

    @property
    def provider_urn(self) -> str:
        """Urn of the provider without its id."""
        return self.provider.rpartition("::")[0]

    @classmethod
    def from_state(cls, entry: JsonMapping) -> Resource:
        """One entry of a deployment's `resources`."""
        return cls(
            urn=entry["urn"],
            type=entry["type"],
            name=entry["urn"].rpartition("::")[2],
            id=entry.get("id", ""),
            inputs=entry.get("inputs") or {},
            outputs=entry.get("outputs") or {},
            parent=entry.get("parent", ""),
            provider=entry.get("provider", ""),
            dependencies=tuple(entry.get("dependencies") or ()),
            protect=bool(entry.get("protect")),
            custom=bool(entry.get("custom")),
            property_dependencies={
                key: tuple(urns or ())
                for key, urns in (entry.get("propertyDependencies") or {}).items()
            },
            options={key: value for key, value in entry.items() if key not in _FIELDS},
        )


@dataclass(frozen=True)
class Checkpoint:
    """The resources that an update left, parents and dependencies before what needs them."""

    version: int | None
    """Number of the update; None for the present state and for a file."""
    time: datetime | None
    """When the engine wrote it; None for a stack without an update."""
    resources: tuple[Resource, ...]
    deployment: JsonMapping = field(default_factory=dict, repr=False, compare=False)
    """The deployment as the engine wrote it, ciphertexts included."""

    @classmethod
    def from_deployment(cls, deployment: JsonMapping, version: int | None) -> Checkpoint:
        """A deployment of schema version 3; resources that wait for deletion are left out."""
        time = (deployment.get("manifest") or {}).get("time", "")
        return cls(
            version=version,
            # Go writes year 1 for a stack that was never updated.
            time=datetime.fromisoformat(time) if time and not time.startswith("0001-") else None,
            resources=tuple(
                Resource.from_state(entry)
                for entry in deployment.get("resources") or ()
                if not entry.get("delete")
            ),
            deployment=deployment,
        )

    @property
    def by_urn(self) -> dict[str, Resource]:
        """The resources by their urn."""
        return {resource.urn: resource for resource in self.resources}

    @property
    def pending(self) -> tuple[str, ...]:
        """Urns of operations that an interrupted update left unfinished."""
        return tuple(operation["resource"]["urn"] for operation in self._operations)

    @property
    def creating(self) -> tuple[str, ...]:
        """Those of `pending` that the next update would create a second time."""
        return tuple(o["resource"]["urn"] for o in self._operations if o["type"] == "creating")

    @property
    def unread(self) -> tuple[str, ...]:
        """Urns of resources whose id was put into the state, and which no engine has read yet."""
        return tuple(
            entry["urn"]
            for entry in self.deployment.get("resources") or ()
            if entry.get("custom") and entry.get("id") and not entry.get("outputs")
        )

    @property
    def _operations(self) -> Sequence[JsonMapping]:
        return self.deployment.get("pending_operations") or ()


@dataclass(frozen=True)
class Update:
    """One entry of a stack's history; empty text where it was not recorded."""

    version: int
    kind: str
    """update, refresh, destroy, import, rename"""
    start: datetime
    end: datetime | None
    who: str
    """Author of the commit that was deployed; Pulumi records no other person."""
    commit: str
    dirty: bool
    """Whether the working tree differed from the commit."""
    message: str
    result: str
    """succeeded, failed or in-progress"""
    changes: Mapping[str, int]
    """Number of resources per operation."""

    @property
    def succeeded(self) -> bool:
        """Whether the update came to its end."""
        return self.result == "succeeded"

    @property
    def changed(self) -> int:
        """Number of resources that it touched."""
        return sum(n for kind, n in self.changes.items() if kind not in ("same", "read"))

    @classmethod
    def from_history(cls, entry: JsonMapping, version: int) -> Update:
        """One entry of `pulumi stack history --json --full-dates`."""
        environment = entry.get("environment") or {}
        end = entry.get("endTime")
        return cls(
            version=version,
            kind=entry["kind"],
            start=datetime.fromisoformat(entry["startTime"]),
            end=datetime.fromisoformat(end) if end else None,
            who=environment.get("git.author", ""),
            commit=environment.get("git.head", ""),
            dirty=environment.get("git.dirty") == "true",
            message=(entry.get("message") or "").strip(),
            result=entry["result"],
            changes=entry.get("resourceChanges") or {},
        )
