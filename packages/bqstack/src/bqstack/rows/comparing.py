"""From the two sides of a plan to the rows that differ."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from bqstack.guard import Change
from bqstack.guard import compare as changes_between
from bqstack.plan import impact
from bqstack.plan.sources import Side
from bqstack.rows import arguments
from bqstack.rows import side_dataset as scratch_
from bqstack.rows.definitions import FUNCTION, TABLE_FUNCTION, Definition, Definitions
from bqstack.rows.row_diff import ObjectDiff, RowDiff
from bqstack.rows.row_sets import RowSets
from bqstack.rows.side_dataset import Scratch
from bqstack.unchecked import JsonObject

if TYPE_CHECKING:
    from google.cloud import bigquery

MOST_OBJECTS = 40
_KINDS = {FUNCTION: "function", TABLE_FUNCTION: "table function"}


def compare(
    client: bigquery.Client,
    stack: str,
    dataset: str,
    old: Side,
    new: Side,
    only: Collection[str] = (),
    tell: Callable[[str], None] = lambda _: None,
) -> RowDiff:
    """Rows of each view and function that the change touches, on the rows of `dataset`.

    `only` limits it to these objects; `tell` hears what is being compared. Raises UserError for
    an object of `only` that is not touched or has no rows.
    """
    sides = Definitions(old), Definitions(new)
    changed, wanted = _touched(changes_between(old.resources, new.resources), *sides)
    if unknown := sorted(set(only) - set(wanted)):
        raise UserError(
            f"the change affects no view or function with this name: {', '.join(unknown)}",
            fix=f"one of: {', '.join(wanted)}" if wanted else "the plan says what changes",
        )
    if only:
        wanted = [name for name in wanted if name in only]
    kept, left_out = wanted[:MOST_OBJECTS], wanted[MOST_OBJECTS:]
    found: list[ObjectDiff] = []
    if kept:
        scratch_.delete_old(client)
        mark = uuid.uuid4().hex[:8]
        location = client.get_dataset(dataset).location or new.location
        scratches = (
            Scratch(client, dataset, f"rows_{mark}_before", sides[0]),
            Scratch(client, dataset, f"rows_{mark}_after", sides[1]),
        )
        try:
            for scratch in scratches:
                tell("the views and functions of both sides")
                scratch.make(kept, location)
            for name in kept:
                tell(name)
                found.append(_Comparison(client, sides, scratches, name, name in changed).made())
        finally:
            for scratch in scratches:
                scratch.delete()
    return RowDiff(stack, old.label, new.label, tuple(found), tuple(left_out))


def _touched(
    changes: Sequence[Change], old: Definitions, new: Definitions
) -> tuple[set[str], list[str]]:
    """Objects that are changed themselves, and all whose rows may differ: on both sides."""
    changed = {change.name for change in changes if impact.needs_lineage(change)}
    both = [name for name in new.by_name if name in old.by_name]
    below = dict.fromkeys([*old.below(changed), *new.below(changed)])
    names = [*(n for n in both if n in changed), *(n for n in below if n in both)]
    return changed, [name for name in names if _has_rows(new.by_name[name])]


def _has_rows(item: Definition) -> bool:
    """Whether it gives rows that follow from those of others."""
    return item.kind in ("view", "materialized view", *_KINDS)


class _Comparison:
    """One object, before and after."""

    def __init__(
        self,
        client: bigquery.Client,
        sides: tuple[Definitions, Definitions],
        scratches: tuple[Scratch, Scratch],
        name: str,
        is_changed: bool,
    ) -> None:
        self._client, self._sides, self._scratches = client, sides, scratches
        self._rows = RowSets(client)
        self._name = name
        self._items = tuple(side.by_name[name] for side in sides)
        kind = self._items[1].kind
        self._head: JsonObject = {
            "name": name,
            "kind": _KINDS.get(kind, kind),
            "is_changed": is_changed,
        }

    def made(self) -> ObjectDiff:
        """What differs, or why that is not known."""
        for when, scratch in zip(("before", "after"), self._scratches, strict=True):
            if why := scratch.wrong.get(self._name):
                return self._unknown(f"{when} the change it cannot be made: {why}")
        try:
            return self._compared()
        except arguments.Unknown as error:
            return self._unknown(str(error))
        except FAILURES as error:
            return self._unknown(explained(error))

    def _unknown(self, why: str) -> ObjectDiff:
        return ObjectDiff(**self._head, unknown=why)

    def _compared(self) -> ObjectDiff:
        calls, sources, columns = self._relations()
        by = tuple(columns[1][:-1]) if self._items[1].kind == FUNCTION else ()
        return self._rows.compared(self._head, sources, columns, by=by, calls=calls)

    def _relations(self) -> tuple[int, tuple[str, str], tuple[list[str], list[str]]]:
        """Number of calls, and for each side the query that gives the rows, with its columns."""
        kinds = {item.kind for item in self._items}
        if kinds == {FUNCTION}:
            return self._calls()
        if kinds == {TABLE_FUNCTION}:
            return self._table_calls()
        if kinds & _KINDS.keys():
            raise arguments.Unknown("it is a different kind of object than before")
        (old, columns), (new, others) = (scratch.rows(self._name) for scratch in self._scratches)
        return 0, (old, new), (columns, others)

    def _calls(self) -> tuple[int, tuple[str, str], tuple[list[str], list[str]]]:
        names = self._same_arguments()
        sources = {name: self._values(*place) for name, place in self._columns().items()}
        calls = arguments.relation(self._items[0], sources)
        listed = ", ".join(f"`{name}`" for name in names)
        count = next(iter(self._client.query_and_wait(f"SELECT COUNT(*) FROM ({calls})")))[0]
        queries = [
            f"SELECT {f'{listed}, ' if listed else ''}"
            f"{scratch.name(self._name)}({listed}) AS `result` FROM ({calls})"
            for scratch in self._scratches
        ]
        return count, (queries[0], queries[1]), ([*names, "result"], [*names, "result"])

    def _table_calls(self) -> tuple[int, tuple[str, str], tuple[list[str], list[str]]]:
        names = self._same_arguments()
        kinds = dict(zip(names, arguments.types(self._items[0]), strict=True))
        values = {
            name: [
                arguments.literal(row[0], kinds[name])
                for row in self._client.query_and_wait(
                    f"SELECT CAST(value AS STRING) FROM ({self._values(*place)}) ORDER BY 1 LIMIT 3"
                )
            ]
            for name, place in self._columns().items()
        }
        calls = arguments.literals(self._items[0], values)
        queries, columns = [], []
        for scratch in self._scratches:
            shown = [
                f"SELECT {_given(names, call)}answer.* "
                f"FROM {scratch.name(self._name)}({', '.join(call)}) AS answer"
                for call in calls
            ]
            queries.append(" UNION ALL ".join(shown))
            first = self._client.query_and_wait(f"{shown[0]} LIMIT 0")
            columns.append([field.name for field in first.schema])
        return len(calls), (queries[0], queries[1]), (columns[0], columns[1])

    def _same_arguments(self) -> list[str]:
        old, new = self._items
        if arguments.types(old) != arguments.types(new):
            raise arguments.Unknown("it takes different arguments than before")
        return arguments.names(new)

    def _columns(self) -> dict[str, tuple[str, str]]:
        """Table and column of the rows from which the arguments take values."""
        item = self._items[0]
        found = {}
        for name, kind in zip(arguments.names(item), arguments.types(item), strict=True):
            if column := arguments.column(self._sides[0], name, kind):
                found[name] = (column.table, column.name)
        return found

    def _values(self, table: str, column: str) -> str:
        rows = self._scratches[0].live_rows(table)
        return f"SELECT DISTINCT `{column}` AS value FROM ({rows}) WHERE `{column}` IS NOT NULL"


def _given(names: Sequence[str], call: Sequence[str]) -> str:
    """The arguments of a call as columns beside its rows."""
    pairs = zip(names, call, strict=True)
    return "".join(f"{value} AS `{name}_given`, " for name, value in pairs)
