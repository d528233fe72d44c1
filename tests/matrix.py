"""Tables of every kind that is taken: column type x mode x partitions x clusters x options.

`pairwise` deals them out so that each pair of two properties stands in some table. Which types,
partitions and clusters there are is asked of the loader (`tests.accepted`).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from tests import accepted

# Values of each type, the least and the greatest and those that a text may garble among them.
VALUES: dict[str, list[str]] = {
    "STRING": ["''", "'null'", "'a\\'\"\\n\\\\'", "'\\u00e9\\U0001F600'"],
    "STRING(3)": ["'abc'", "''"],
    "BYTES(5)": ["b'\\x00\\x01'", "b''"],
    "BYTES": ["b''", "b'\\xff\\x00a'"],
    "INT64": ["0", "9223372036854775807", "(-9223372036854775807 - 1)"],
    "FLOAT64": ["0.1", "1e308", "CAST('NaN' AS FLOAT64)", "CAST('-inf' AS FLOAT64)"],
    "NUMERIC": ["NUMERIC '0'", "NUMERIC '-99999999999999999999999999999.999999999'"],
    "BIGNUMERIC(20)": ["BIGNUMERIC '12345678901234567890'", "BIGNUMERIC '-1'"],
    "NUMERIC(20)": ["NUMERIC '99999999999999999999'", "NUMERIC '-1'"],
    "BIGNUMERIC(20, 9)": ["BIGNUMERIC '12345678901.123456789'"],
    "NUMERIC(5, 2)": ["NUMERIC '999.99'", "NUMERIC '-0.01'"],
    "BIGNUMERIC": ["BIGNUMERIC '1.5'", "BIGNUMERIC '-0.000000000000000001'"],
    "BOOL": ["TRUE", "FALSE"],
    "DATE": ["DATE '0001-01-01'", "DATE '9999-12-31'", "DATE '2026-02-28'"],
    "TIME": ["TIME '00:00:00'", "TIME '23:59:59.999999'"],
    "DATETIME": ["DATETIME '0001-01-01 00:00:00'", "DATETIME '9999-12-31 23:59:59.999999'"],
    "TIMESTAMP": ["TIMESTAMP '2026-01-02 03:04:05.678901+00'", "TIMESTAMP '1970-01-01 00:00:00Z'"],
    "STRUCT<n INT64, l ARRAY<STRING>>": ["STRUCT(1 AS n, ['x', ''] AS l)", "(NULL, [])"],
    "STRUCT<n NUMERIC(5, 2), b ARRAY<BIGNUMERIC(20, 9)>>": [
        "(NUMERIC '1.5', [BIGNUMERIC '0.250'])"
    ],
    "STRUCT<s STRUCT<d DATE, n NUMERIC>>": ["STRUCT(STRUCT(DATE '2026-01-01', 1.5))"],
    "JSON": ["""JSON '{"b": [1, 2.5, null], "a": "x"}'""", "JSON 'null'", "JSON '\"\"'"],
    "GEOGRAPHY": ["ST_GEOGPOINT(1, 2)"],
    "INTERVAL": ["INTERVAL 1 DAY", "INTERVAL 3 MONTH"],
    "RANGE<DATE>": [
        "RANGE(DATE '2026-01-01', NULL)",
        "RANGE(DATE '2026-01-01', DATE '2026-02-01')",
    ],
    "RANGE<TIMESTAMP>": ["RANGE(TIMESTAMP '2026-01-01 00:00:00+00', NULL)"],
    "RANGE<DATETIME>": ["RANGE(NULL, DATETIME '2026-01-01 00:00:00')"],
}
# The local BigQuery keeps no default of these (docs/fidelity.md).
NO_DEFAULT = ("STRUCT", "RANGE")
PAIRS = [
    pair
    for pair in itertools.product(VALUES, accepted.MODES)
    if pair[1] != "DEFAULT" or not pair[0].startswith(NO_DEFAULT)
]
UNFIT = ("GEOGRAPHY", "INTERVAL", "RANGE")
DAYS = ("DATE '2026-02-28'", "DATE '2026-03-01'", "NULL")
MOMENTS = ("TIMESTAMP '2026-02-28 23:59:59+00'", "TIMESTAMP '2026-03-01 00:00:00+00'", "NULL")
WHENS = (
    "DATETIME '0001-01-01 00:00:00'",
    "DATETIME '2026-02-28 01:02:03'",
    "NULL",
)
LONG_AGO = ("DATE '0001-01-01'", "DATE '1899-12-31'", "NULL")


# Names that have to be quoted: https://cloud.google.com/bigquery/docs/schemas#flexible-column-names
UNUSUAL = {2: "order", 3: "a b-c", 4: "naïve", 5: "1st", 6: "50% 列"}


def unusual(name: str, number: int) -> str:
    """The name of a table; every third has characters that have to be quoted."""
    return f"{name}-{number} é" if number % 3 == 1 else f"{name}{number}"


# Of the tables that the tests try.
SEED = 20261129
# The table that the others of `pairwise` refer to.
BASE = "base"
FILTERED = ("require_partition_filter = TRUE",)
KEPT = ("partition_expiration_days = 36500",)
INGESTED = ("TIMESTAMP '2026-02-27 00:00:00+00'", "TIMESTAMP '2026-03-01 00:00:00+00'")


@dataclass(frozen=True)
class Layout:
    """How a table is laid out: its partition column with values, the clause, and options."""

    column: str = ""
    values: tuple[str, ...] = ("NULL",)
    clause: str = ""
    options: tuple[str, ...] = ()
    # Columns that rows are sorted by, and what is behind the columns.
    clusters: int = 4
    keys: str = ""

    @property
    def is_by_ingestion(self) -> bool:
        return "_PARTITION" in self.clause

    @property
    def is_described(self) -> bool:
        return any(option.startswith("description") for option in self.options)

    @property
    def is_accepted(self) -> bool:
        """Whether sql/ may hold it; others are there, and made by others."""
        return not self.is_by_ingestion and "RANGE_BUCKET" not in self.clause


@dataclass
class Made:
    """A table: its DDL, and the statements that fill it."""

    name: str
    layout: Layout
    columns: list[tuple[str, str]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    has_unusual_names: bool = False

    @property
    def can_be_exported(self) -> bool:
        return not any(is_unfit(*pair) for pair in self.columns)

    @property
    def clusters(self) -> list[int]:
        """The columns that its rows are clustered by, in this order, before `id`."""
        can = (number for number, one in enumerate(self.columns) if accepted.can_cluster(*one))
        return list(itertools.islice(can, self.layout.clusters))

    def column(self, number: int) -> str:
        """Its name, quoted; unusual names are that of the table, and such as have to be quoted."""
        unusual = {0: self.name} | UNUSUAL if self.has_unusual_names else {}
        return f"`{unusual.get(number, f'c{number}')}`"

    def definition(self, name: str) -> tuple[str, list[str]]:
        """What stands behind CREATE TABLE, and the columns that rows are written to."""
        layout = self.layout
        definitions = ["id INT64", layout.column] if layout.column else ["id INT64"]
        names = ["id", *(["p"] if layout.column else [])]
        for number, (kind, mode) in enumerate(self.columns):
            names.append(self.column(number))
            default = VALUES[kind][0] if mode == "DEFAULT" else ""
            text = accepted.column(kind, mode, default)
            options = " OPTIONS (description = 'it\\'s c\\\\n')" if self.layout.is_described else ""
            definitions.append(f"{self.column(number)} {text}{options}")
        definitions += [layout.keys] if layout.keys else []
        lines = [f"{name} ({', '.join(definitions)})", layout.clause]
        if layout.clusters:
            clusters = [*map(self.column, self.clusters), "id"][: layout.clusters]
            lines.append(f"CLUSTER BY {', '.join(clusters)}")
        if layout.options:
            lines.append(f"OPTIONS ({', '.join(layout.options)})")
        names += ["_PARTITIONTIME"] if layout.is_by_ingestion else []
        return "\n".join(filter(None, lines)) + ";", names

    def insert(self, dataset: str) -> str:
        """A statement that fills it."""
        _, names = self.definition(self.name)
        listed = ",\n".join(f"({', '.join(row)})" for row in self.rows)
        return f"INSERT INTO {dataset}.`{self.name}` ({', '.join(names)}) VALUES {listed};"

    def dump(self, dataset: str) -> str:
        """A query for every row as a text; names the partition column in a way of its own."""
        own = self._own or "id"
        return (
            f"SELECT '{self.name}' AS name, "
            f"CONCAT(TO_JSON_STRING(t), IFNULL(CAST({own} AS STRING), 'NULL')) AS line\n"
            f"FROM {dataset}.`{self.name}` AS t WHERE {own} IS NOT NULL OR {own} IS NULL"
        )

    def spoil(self, dataset: str, *, whole: bool) -> str:
        """A statement that takes every row, or every row but the third."""
        if whole:
            return f"TRUNCATE TABLE {dataset}.`{self.name}`;"
        seen = f" AND ({self._own} IS NULL OR {self._own} IS NOT NULL)" if self._own else ""
        return f"DELETE FROM {dataset}.`{self.name}` WHERE id != 2{seen};"

    def fill(self, chance: Random) -> None:
        """Four rows of the values that its columns may have."""
        for number in range(4):
            row = [str(number)]
            if self.layout.column:
                row.append(chance.choice(self.layout.values))
            for kind, mode in self.columns:
                if mode == "ARRAY":
                    values = chance.choices(VALUES[kind], k=chance.randrange(4))
                    row.append(f"[{', '.join(values)}]")
                elif mode != "NOT NULL" and chance.random() < 0.3:
                    row.append("NULL")
                else:
                    row.append(chance.choice(VALUES[kind]))
            if self.layout.is_by_ingestion:
                row.append(chance.choice(INGESTED))
            self.rows.append(row)

    @property
    def _own(self) -> str:
        """The column of its partitions."""
        if self.layout.is_by_ingestion:
            return "_PARTITIONTIME"
        return "p" if self.layout.column else ""


# Levels of fields, the innermost among them (bqstack.catalogue.columns), and columns.
MOST_LEVELS = 15
MANY_COLUMNS = 1_000


def wide(chance: Random) -> list[Made]:
    """A table of a thousand columns, and one with a column of as many levels as there may be."""
    pairs = [pair for pair in PAIRS if not is_unfit(*pair)]
    layout = Layout("p DATE", DAYS, "PARTITION BY p", FILTERED)
    columns = list(itertools.islice(itertools.cycle(pairs), MANY_COLUMNS - 2))
    tables = [Made("wide", layout, columns), Made("deep", Layout(), [(_levels(), "NULLABLE")])]
    tables[0].fill(chance)
    tables[1].rows = [[str(number), _nested(number)] for number in range(4)]
    return tables


def _levels() -> str:
    """A type whose levels are records and lists of records by turns."""
    kind = "INT64"
    for level in range(MOST_LEVELS - 1):
        kind = f"STRUCT<f {f'ARRAY<{kind}>' if level % 2 else kind}, s STRING>"
    return kind


def _nested(number: int) -> str:
    """A value of that type; row 0 has none, row 1 an empty list in the middle."""
    value = "NULL" if number == 2 else str(number)
    for level in range(MOST_LEVELS - 1):
        inner = "[]" if number == 1 and level == MOST_LEVELS // 2 else f"[{value}]"
        value = f"({inner if level % 2 else value}, '{level}')"
    return value if number else "NULL"


def is_unfit(kind: str, mode: str) -> bool:
    """Whether Parquet does not carry such a column."""
    return kind.startswith(UNFIT) or (kind == "JSON" and mode == "ARRAY")


# Pairs ------------------------------------------------------------------------------------

# Values of the columns that tables are partitioned by. Hours are kept for less than two years.
_HOURS = {
    "TIMESTAMP": (
        "TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR)",
        "TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 36 HOUR)",
        "NULL",
    ),
    "DATETIME": (
        "DATETIME_TRUNC(CURRENT_DATETIME(), HOUR)",
        "DATETIME_SUB(CURRENT_DATETIME(), INTERVAL 36 HOUR)",
        "NULL",
    ),
}
_PARTITIONED_BY = {"DATE": LONG_AGO + DAYS[:2], "TIMESTAMP": MOMENTS, "DATETIME": WHENS}
_LONG_AGO = {*LONG_AGO[:2], WHENS[0]}


@functools.cache
def partitions() -> tuple[Layout, ...]:
    """Each type and clause that the loader takes, with the modes of the column by turns."""
    modes: dict[tuple[str, str], list[str]] = {}
    for kind, mode, clause in sorted(accepted.partitions()):
        modes.setdefault((kind, clause), []).append(mode)
    found = []
    for number, ((kind, clause), taken) in enumerate(modes.items()):
        mode = taken[number % len(taken)]
        values = _HOURS[kind] if "HOUR" in clause else _PARTITIONED_BY[kind]
        if mode == "NOT NULL":
            values = tuple(one for one in values if one != "NULL")
        column = f"p {accepted.column(kind, mode, VALUES[kind][-1])}"
        found.append(Layout(column, values, clause))
    return tuple(found)


# The most partitions are 10,000: hours are kept for a year, days for a lifetime.
_LONG = ("partition_expiration_days = 9000",)
_SHORT = ("partition_expiration_days = 400",)
_DESCRIBED = ("description = 'of \\'the\\' \"matrix\"'",)
_CLUSTERS = (0, 1, 4)
_KEYS = (
    "",
    "PRIMARY KEY (id) NOT ENFORCED",
    f"CONSTRAINT to_{BASE} FOREIGN KEY (id) REFERENCES @{BASE} (id) NOT ENFORCED",
)


# The layout of a type whose options are tried one by one; the others have none, or all.
_EACH = ("PARTITION BY p", "PARTITION BY DATE(p)")


def _with_options(partition: Layout) -> Iterator[Layout]:
    if not partition.clause:
        yield from (replace(partition, options=options) for options in ((), _DESCRIBED))
        return
    is_short = "HOUR" in partition.clause
    kept = _SHORT if is_short else _LONG
    if not is_short:
        yield partition
    if partition.clause in _EACH:
        yield from (replace(partition, options=options) for options in (FILTERED, _DESCRIBED))
    # Rows of long ago would have expired.
    values = tuple(one for one in partition.values if one not in _LONG_AGO)
    for options in (kept, (*FILTERED, *kept, *_DESCRIBED)):
        if len(options) > 1 or is_short or partition.clause in _EACH:
            yield replace(partition, options=options, values=values)


@functools.cache
def _layouts() -> tuple[Layout, ...]:
    with_options = itertools.chain.from_iterable(map(_with_options, (Layout(), *partitions())))
    return tuple(
        replace(layout, clusters=clusters, keys=keys)
        for layout, clusters, keys in itertools.product(with_options, _CLUSTERS, _KEYS)
    )


_MOST_COLUMNS = 10

FIT = [pair for pair in PAIRS if not is_unfit(*pair)]
UNFIT_PAIRS = [pair for pair in PAIRS if is_unfit(*pair)]

type Pair = tuple[object, object]
type Column = tuple[str, str]


def _of(layout: Layout) -> tuple[object, ...]:
    return (
        # The type of the column; each clause over it stands in some table, not beside everything.
        ("partitions", " ".join(layout.column.split()[1:2])),
        ("options", tuple(option.split()[0] for option in layout.options)),
        ("clusters", layout.clusters),
        ("keys", layout.keys),
    )


def _inner(layout: Layout) -> set[Pair]:
    return {(layout.column, layout.clause), *itertools.combinations(_of(layout), 2)}


def _across(layout: Layout, column: tuple[str, str]) -> set[Pair]:
    return {column, *itertools.product(column, _of(layout))}


def _clustered(layout: Layout, columns: Sequence[Column], column: Column) -> set[Pair]:
    """What a column behind these shows of clusters: its type and mode, beside partitions or not."""
    before = sum(accepted.can_cluster(*one) for one in columns)
    can = before < layout.clusters and accepted.can_cluster(*column)
    return {(column, bool(layout.clause))} if can else set()


def pairwise(chance: Random) -> list[Made]:
    """Tables that sql/ may hold, in which every pair of two properties stands; no rows yet.

    Columns that Parquet does not carry stand in tables of their own, since one makes it unfit.
    """
    layouts = _layouts()
    left = {pair for layout in layouts for pair in _inner(layout)}
    left |= {pair for layout in layouts for column in PAIRS for pair in _across(layout, column)}
    can = [column for column in PAIRS if accepted.can_cluster(*column)]
    left |= set(itertools.product(can, (True, False)))
    tables: list[Made] = []
    while left:
        made, gained = max(
            (_best(f"m{len(tables)}", columns, left, chance) for columns in (FIT, UNFIT_PAIRS)),
            key=lambda one: len(one[1]),
        )
        left -= gained
        tables.append(made)
    return tables


def _best(
    name: str, columns: Sequence[Column], left: set[Pair], chance: Random
) -> tuple[Made, set[Pair]]:
    """A table of these columns that shows as much as one can of what is left, and what it shows."""
    words = {word for column in columns for word in column}

    def promise(layout: Layout) -> int:
        own = sum(pair in left for pair in itertools.product(words, _of(layout)))
        sorted_by = sum((column, bool(layout.clause)) in left for column in columns)
        return 5 * len(_inner(layout) & left) + own + min(layout.clusters, sorted_by)

    layouts = _layouts()
    made = Made(name, max(chance.sample(layouts, len(layouts)), key=promise))
    gained = _inner(made.layout) & left
    while len(made.columns) < _MOST_COLUMNS:
        gains = {one: _gained(made.layout, made.columns, one) & left - gained for one in columns}
        made.columns.append(
            max(chance.sample(columns, len(columns)), key=lambda one: len(gains[one]))
        )
        gained |= gains[made.columns[-1]]
    return made, gained


def _gained(layout: Layout, columns: Sequence[Column], column: Column) -> set[Pair]:
    return _across(layout, column) | _clustered(layout, columns, column)
