"""What changed between the state of a resource and its new inputs.

Paths come in two forms: `conditions[0].displayName` for the engine, and
`conditions.displayName` for the tables of a resource type, which know no indices.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .mapping import is_zero, join
from .properties import UNKNOWN

_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$]*\Z")

# Whether two different values at a table path mean the same to the API.
Same = Callable[[str, Any, Any], bool]


class Kind(Enum):
    """How one property differs."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True)
class Change:
    """One property that differs; `path` is the engine's, `place` the table's."""

    path: str
    place: str
    kind: Kind

    @property
    def top(self) -> str:
        """The input property this change is in."""
        return self.place.split(".", 1)[0]

    def is_under(self, places: Iterable[str]) -> bool:
        """Whether the change is at one of these places or inside one."""
        return any(self.place == place or self.place.startswith(f"{place}.") for place in places)


def changes(old: dict[str, Any], new: dict[str, Any], same: Same) -> list[Change]:
    """The differences, in the order of their paths."""
    return list(_object_changes(old, new, same, "", ""))


def _object_changes(
    old: dict[str, Any], new: dict[str, Any], same: Same, path: str, place: str
) -> Iterator[Change]:
    for key in sorted(old.keys() | new.keys()):
        here = _path(path, key)
        yield from _value_changes(old.get(key), new.get(key), same, here, join(place, key))


def _value_changes(old: Any, new: Any, same: Same, path: str, place: str) -> Iterator[Change]:
    if new is UNKNOWN:
        yield Change(path, place, Kind.ADD if old is None else Kind.UPDATE)
    elif old == new or (is_zero(old) and is_zero(new)) or same(place, old, new):
        return
    elif isinstance(old, dict) and isinstance(new, dict):
        yield from _object_changes(old, new, same, path, place)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from _value_changes(before, after, same, f"{path}[{index}]", place)
    elif old is None:
        yield Change(path, place, Kind.ADD)
    else:
        yield Change(path, place, Kind.DELETE if new is None else Kind.UPDATE)


def _path(path: str, key: str) -> str:
    if _PLAIN_KEY.match(key):
        return join(path, key)
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'{path}["{escaped}"]'


def as_seen(set_by_user: Any, in_cloud: Any, same: Same, place: str = "") -> Any:
    """What the cloud holds of what the user had set, in the user's words where it agrees.

    Values the user never set are left out: they are the API's own business. A value the
    cloud does not hold is left out as well, unless an absent one means the same.
    """
    if set_by_user is UNKNOWN or set_by_user == in_cloud:
        return set_by_user
    if is_zero(set_by_user) and is_zero(in_cloud):
        return set_by_user
    if in_cloud is not None and same(place, in_cloud, set_by_user):
        return set_by_user
    if isinstance(set_by_user, dict) and isinstance(in_cloud, dict):
        seen = {
            key: as_seen(value, in_cloud.get(key), same, join(place, key))
            for key, value in set_by_user.items()
        }
        return {key: value for key, value in seen.items() if value is not None}
    if isinstance(set_by_user, list) and isinstance(in_cloud, list):
        padded = set_by_user + [None] * len(in_cloud)
        return [
            item if wanted is None else as_seen(wanted, item, same, place)
            for wanted, item in zip(padded, in_cloud, strict=False)
        ]
    return in_cloud
