"""Two queries whose rows are compared in one statement, so that both see the same moment.

Rows are compared by their content as JSON. What says the same in another order is the same: the
members of a JSON object, and the elements of an array, which BigQuery's own ARRAY_AGG gives in
any order. Floating point is compared up to the noise of adding up in another order.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bqstack.rows import arguments, pairing
from bqstack.rows.row_diff import MOST_EXAMPLES, Example, ObjectDiff
from bqstack.unchecked import JsonMapping

if TYPE_CHECKING:
    from google.cloud import bigquery

# More rows that differ say nothing that the first ones do not.
_MOST_ROWS = 20_000
_UNSTEADY = "it returns different rows on every call, so they cannot be compared"
# GENERATE_UUID gives other ones on every call; and the names of the datasets of both sides.
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SIDE = "(rows_[0-9a-f]{8})_(?:before|after)"
_DIGITS = 9


class RowSets:
    """Compares rows with one client.

    With `same_ids` every text that has the form of GENERATE_UUID's is as good as any other.
    """

    def __init__(self, client: bigquery.Client, *, same_ids: bool = False) -> None:
        self._client, self._same_ids = client, same_ids

    def compared(
        self,
        head: JsonMapping,
        sources: tuple[str, str],
        columns: tuple[Sequence[str], Sequence[str]],
        *,
        by: tuple[str, ...] = (),
        calls: int = 0,
    ) -> ObjectDiff:
        """What differs; `head` are the first fields of the result, `by` its key if it is known.

        Raises GoogleAPICallError and `arguments.Unknown`.
        """
        common = [name for name in columns[0] if name in columns[1]]
        totals, before, after = self._differing(*sources, common)
        if (before or after) and self._is_unsteady(sources[0], common):
            return ObjectDiff(**head, unknown=_UNSTEADY)
        is_cut = max(len(before), len(after)) >= _MOST_ROWS
        before, after = without_same(before, after)
        pairs = pairing.pair(before, after, common, by)
        moved = [
            (one, other, names)
            for one, other in pairs.both
            if (names := pairing.differing(one, other, common))
        ]
        return ObjectDiff(
            **head,
            before=totals[0],
            after=totals[1],
            removed=len(pairs.removed),
            added=len(pairs.added),
            changed=len(moved),
            columns=dict(Counter(name for *_, names in moved for name in names).most_common()),
            new_columns=tuple(name for name in columns[1] if name not in columns[0]),
            gone_columns=tuple(name for name in columns[0] if name not in columns[1]),
            by=pairs.by,
            examples=tuple(_examples(pairs, moved)),
            calls=calls,
            is_cut=is_cut,
        )

    def statement(self, old: str, new: str, columns: Sequence[str]) -> str:
        """SQL for the numbers of rows, and for those that are not on both sides as often."""
        listed = ", ".join(f"`{name}` AS `{name}`" for name in columns)
        content = f"TO_JSON_STRING(STRUCT({listed}))"
        if self._same_ids:
            content = f"REGEXP_REPLACE({content}, r'{_UUID}', '<uuid>')"
            content = f"REGEXP_REPLACE({content}, r'{_SIDE}', r'\\1')"
        grouped = f"SELECT {content} AS content, COUNT(*) AS times FROM ({{}}) GROUP BY content"
        return (
            f"WITH before_rows AS ({grouped.replace('{}', old)}), "
            f"after_rows AS ({grouped.replace('{}', new)}) "
            "SELECT CAST(NULL AS STRING) AS content, "
            "(SELECT IFNULL(SUM(times), 0) FROM before_rows) AS before_times, "
            "(SELECT IFNULL(SUM(times), 0) FROM after_rows) AS after_times "
            "UNION ALL SELECT * FROM (SELECT content, "
            "IFNULL(before_rows.times, 0), IFNULL(after_rows.times, 0) "
            "FROM before_rows FULL JOIN after_rows USING (content) "
            "WHERE IFNULL(before_rows.times, 0) != IFNULL(after_rows.times, 0) "
            f"ORDER BY content LIMIT {_MOST_ROWS})"
        )

    def _differing(
        self, old: str, new: str, columns: Sequence[str]
    ) -> tuple[tuple[int, int], list[pairing.Row], list[pairing.Row]]:
        """Numbers of rows, and the rows that are not on both sides as often."""
        if not columns:
            raise arguments.Unknown("none of its earlier columns is left")
        totals, before, after = (0, 0), [], []
        for content, old_times, new_times in self._client.query_and_wait(
            self.statement(old, new, columns)
        ):
            if content is None:
                totals = (old_times, new_times)
                continue
            row: JsonMapping = json.loads(content)
            before += [row] * max(0, old_times - new_times)
            after += [row] * max(0, new_times - old_times)
        return totals, before, after

    def _is_unsteady(self, query: str, columns: Sequence[str]) -> bool:
        """Whether one side alone differs from itself, as with RAND()."""
        _, before, after = self._differing(query, query, columns)
        return bool(before or after)


def without_same(
    before: Sequence[pairing.Row], after: Sequence[pairing.Row]
) -> tuple[list[pairing.Row], list[pairing.Row]]:
    """Both without the rows that say the same in another order, or up to noise."""
    left = Counter(map(_canonical, after))
    kept = []
    for row in before:
        key = _canonical(row)
        if left[key]:
            left[key] -= 1
        else:
            kept.append(row)
    rest = []
    for row in reversed(after):
        key = _canonical(row)
        if left[key]:
            left[key] -= 1
            rest.append(row)
    return kept, rest[::-1]


def _canonical(row: pairing.Row) -> str:
    return json.dumps(pairing.ordered(row, _DIGITS), sort_keys=True)


def _examples(
    pairs: pairing.Pairs, moved: Sequence[tuple[pairing.Row, pairing.Row, list[str]]]
) -> list[Example]:
    """The first rows that differ, then those of one side."""
    found = [
        Example(
            {name: one.get(name) for name in pairs.by},
            {name: one.get(name) for name in names},
            {name: other.get(name) for name in names},
        )
        for one, other, names in moved
    ]
    found += [Example({}, dict(row), None) for row in pairs.removed]
    found += [Example({}, None, dict(row)) for row in pairs.added]
    return found[:MOST_EXAMPLES]
