"""The record of a resource type: what can be said of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any


@dataclass(frozen=True)
class Retention:
    """A setting that says how long something is kept: the shorter, the more is lost.

    `absent` is how long that is without the setting, in its own unit; `per_day` how many of the
    unit a day has, where people should read days.
    """

    path: str
    text: str
    reason: str
    absent: float
    per_day: float | None = None


@dataclass(frozen=True)
class ResourceType:
    """One type.

    `id_format` is the id of a resource by its inputs and `project`; a name in it that is no input
    is chosen by Google. `api` is the API in which that id is the path of the resource, where it is.
    A change of an input in `replaces` (dotted places, without indices) needs a new resource; so
    does one of the project, for every type. `defaults` are what the provider fills in, by place,
    and `zeros` values that say the same as nothing. Inputs in `unreadable` are
    never returned by the API: adoption takes them from the program.

    `words` are what a person calls it. `holds` says whether deleting one may lose what a new one
    does not have, and `lost` what that is. `weaker` are inputs whose change takes a protection
    away, with what follows, and `retention` settings that say how long something is kept;
    `retention_lock` is the place that says that nobody can shorten it any more.
    `labels` is the input that holds labels, `kms_key` the place of the key that encrypts it, and
    `longest_name` the most characters of its name. `permissions` are what `up` needs
    to make, change and delete one. `asked_for_twice` marks types of which a second request finds
    the first one's result.
    """

    token: str
    words: str = ""
    id_format: str = ""
    api: str = ""
    replaces: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    zeros: Mapping[str, Any] = field(default_factory=dict)
    local_only: frozenset[str] = frozenset()
    write_only: frozenset[str] = frozenset()
    holds: bool = True
    lost: str = "what it holds is not made again with it"
    weaker: Mapping[str, str] = field(default_factory=dict)
    retention: tuple[Retention, ...] = ()
    retention_lock: str = ""
    labels: str = ""
    kms_key: str = ""
    longest_name: int | None = None
    permissions: tuple[str, ...] = ()
    asked_for_twice: bool = False

    @property
    def title(self) -> str:
        """`words`, or the type's own name in small letters."""
        return self.words or words(self.token)

    @property
    def unreadable(self) -> frozenset[str]:
        """Inputs that no answer of the API holds: adoption takes them from the program."""
        return self.local_only | self.write_only

    @property
    def names(self) -> frozenset[str]:
        """The inputs, and `project`, that the id is made of."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.id_format) if name)

    @property
    def own_name(self) -> str:
        """The input that names it among its siblings, the last one of the id; "" without one."""
        return self.id_format.rpartition("{")[2].rstrip("}")

    def id_of(self, inputs: Mapping[str, Any]) -> str | None:
        """The id that these inputs give; None where Google chooses it, or nobody knows it."""
        try:
            return self.id_format.format(**inputs) or None
        except KeyError:
            return None


def words(token: str) -> str:
    """`gcp:bigquery/datasetAccess:DatasetAccess` as `dataset access`."""
    last = token.rpartition(":")[2].replace("IAM", "Iam")
    spaced = "".join(f" {c.lower()}" if c.isupper() else c for c in last).strip()
    return " ".join("IAM" if word == "iam" else word for word in spaced.split())


def granted(noun: str, *verbs: str) -> tuple[str, ...]:
    """Permissions: `bigquery.tables`, `get` as `bigquery.tables.get`."""
    return tuple(f"{noun}.{verb}" for verb in verbs)


def grant(token: str, *permissions: str) -> ResourceType:
    """A member of a role: every change of one is a new one."""
    return ResourceType(token, "access", holds=False, permissions=permissions, asked_for_twice=True)
