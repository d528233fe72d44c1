"""What is there, what the program wants, and how the two compare."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from bqstack.guard import Action, Change, Loss
from bqstack.unchecked import JsonMapping
from gcptypes import known
from gcptypes.records import BIGQUERY, DATASET, ROUTINE, TABLE, TRANSFER

# Read with the dataset that they are in, or with the location: what the program lacks is seen too.
LISTED_TYPES = (DATASET, TABLE, ROUTINE, TRANSFER)
ROUTINE_KINDS = {
    "SCALAR_FUNCTION": "function",
    "TABLE_VALUED_FUNCTION": "table function",
    "PROCEDURE": "procedure",
    "AGGREGATE_FUNCTION": "aggregate function",
}


@dataclass(frozen=True)
class Live:
    """An object that exists. `inputs` are what the provider would be given to make it.

    `id` is what the provider imports it by; `rows` and `bytes` are None where there are none
    to count.
    """

    type: str
    kind: str
    name: str
    dataset: str
    id: str
    inputs: JsonMapping = field(repr=False)
    rows: int | None = None
    bytes: int | None = None
    answer: JsonMapping = field(default_factory=dict, repr=False)
    """What the API says of a table, view or routine."""


@dataclass(frozen=True)
class Declared:
    """A resource that the program would create, in the form that `bqstack.guard` compares."""

    urn: str
    type: str
    name: str
    inputs: JsonMapping = field(repr=False)
    custom: bool
    protect: bool


@dataclass(frozen=True)
class Wanted:
    """All that the program would create, and the engine's own entries for importing it.

    `entries` are those of `pulumi preview --import-file`: providers, components and
    resources, each after what it stands on; `name_table` is what the state has of them.
    """

    resources: tuple[Declared, ...]
    entries: tuple[JsonMapping, ...]
    name_table: Mapping[str, str]
    managed: frozenset[str] = frozenset()
    """Ids of what the stack's state holds already."""

    @property
    def adopted(self) -> list[Declared]:
        """Resources among them that adoption knows how to look up."""
        return [
            one
            for one in self.resources
            if one.type in LISTED_TYPES or known(one.type).api == BIGQUERY
        ]

    @property
    def unread(self) -> list[Declared]:
        """Resources of types that adoption does not look up."""
        looked_up = {one.urn for one in self.adopted}
        return [
            one
            for one in self.resources
            if one.custom and one.type.startswith("gcp:") and one.urn not in looked_up
        ]

    @property
    def datasets(self) -> list[str]:
        """Names of the datasets among them."""
        return [str(r.inputs["datasetId"]) for r in self.resources if r.type == DATASET]


class Status(enum.Enum):
    """How an object of the program and one that exists go together."""

    MATCHES = "matches"
    DIFFERS = "differs"
    ONLY_LIVE = "only live"
    ONLY_PROGRAM = "only in the program"
    UNREAD = "not looked up"
    """Of a type that adoption does not ask for: it may exist already."""
    REFERRED = "referred to"
    """A table of another system: it stays there, the program reads it."""


@dataclass(frozen=True)
class Finding:
    """One object. `change` is what the first `up` after the import does to it."""

    status: Status
    kind: str
    name: str
    live: Live | None = None
    declared: Declared | None = None
    change: Change | None = None
    advice: str = ""
    undeclared: tuple[str, ...] = ()
    """What no file of sql/ can say of it; there is no file then."""

    @property
    def blocks(self) -> bool:
        """Whether the first `up` would replace the object or lose something of it."""
        return self.change is not None and (
            self.change.action is Action.REPLACE or self.change.loss is Loss.LOSSY
        )

    @property
    def has_file(self) -> bool:
        """Whether a file for sql/ is written: it only exists, and a file can say all of it."""
        held = self.live is not None and self.live.type in (TABLE, ROUTINE)
        return held and self.status is Status.ONLY_LIVE and not self.undeclared

    @property
    def imported(self) -> bool:
        """Whether the object goes into the import file."""
        return self.live is not None and self.declared is not None


@dataclass(frozen=True)
class Survey:
    """All findings of one stack, with the import file that they lead to."""

    stack: str
    findings: tuple[Finding, ...]
    import_file: JsonMapping = field(repr=False)

    @property
    def safe(self) -> bool:
        """Whether nothing is replaced or lost by importing and then `up`."""
        return not any(finding.blocks for finding in self.findings)

    def of(self, status: Status) -> list[Finding]:
        """Findings of one status."""
        return [finding for finding in self.findings if finding.status is status]
