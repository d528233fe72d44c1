"""Tables of every kind that is taken: column type x mode x partitions x clusters x options.

`pairwise` deals them out so that each pair of two properties stands in some table.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random

# Values of each type, the least and the greatest and those that a text may garble among them.
VALUES: dict[str, list[str]] = {
    "STRING": ["''", "'null'", "'a\\'\"\\n\\\\'", "'\\u00e9\\U0001F600'"],
    "STRING(3)": ["'abc'", "''"],
    "BYTES(5)": ["b'\\x00\\x01'", "b''"],
    "BYTES": ["b''", "b'\\xff\\x00a'"],
    "INT64": ["0", "9223372036854775807", "(-9223372036854775807 - 1)"],
    "FLOAT64": ["0.1", "1e308", "CAST('NaN' AS FLOAT64)", "CAST('-inf' AS FLOAT64)"],
    "NUMERIC": ["NUMERIC '0'", "NUMERIC '-99999999999999999999999999999.999999999'"],
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
MODES = ("NULLABLE", "NOT NULL", "ARRAY", "DEFAULT")
# The local BigQuery keeps no default of these (docs/fidelity.md).
NO_DEFAULT = ("STRUCT", "RANGE")
PAIRS = [
    pair
    for pair in itertools.product(VALUES, MODES)
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
# Types that rows can be sorted by.
CLUSTERED = (
    *("STRING", "INT64", "DATE", "BOOL", "NUMERIC", "BIGNUMERIC", "TIMESTAMP", "DATETIME"),
    *("GEOGRAPHY", "RANGE<DATE>"),
)
LATELY = (
    "TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR)",
    "TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 36 HOUR)",
    "NULL",
)
LONG_AGO = ("DATE '0001-01-01'", "DATE '1899-12-31'", "NULL")


# Names that have to be quoted: https://cloud.google.com/bigquery/docs/schemas#flexible-column-names
UNUSUAL = {2: "order", 3: "a b-c", 4: "naïve", 5: "1st", 6: "50% 列"}


def unusual(name: str, number: int) -> str:
    """The name of a table; every third has characters that have to be quoted."""
    return f"{name}-{number} é" if number % 3 == 1 else f"{name}{number}"


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

    def column(self, number: int) -> str:
        """Its name, quoted; unusual names are that of the table, and such as have to be quoted."""
        unusual = {0: self.name} | UNUSUAL if self.has_unusual_names else {}
        return f"`{unusual.get(number, f'c{number}')}`"

    def definition(self, name: str) -> tuple[str, list[str]]:
        """What stands behind CREATE TABLE, and the columns that rows are written to."""
        layout = self.layout
        definitions = ["id INT64", layout.column] if layout.column else ["id INT64"]
        names = ["id", *(["p"] if layout.column else [])]
        clusters = ["id"]
        for number, (kind, mode) in enumerate(self.columns):
            names.append(self.column(number))
            text = {"ARRAY": f"ARRAY<{kind}>", "NOT NULL": f"{kind} NOT NULL"}.get(mode, kind)
            text += f" DEFAULT {VALUES[kind][0]}" if mode == "DEFAULT" else ""
            options = " OPTIONS (description = 'it\\'s c\\\\n')" if self.layout.is_described else ""
            definitions.append(f"{self.column(number)} {text}{options}")
            if kind in CLUSTERED and mode != "ARRAY":
                clusters.append(self.column(number))
        definitions += [layout.keys] if layout.keys else []
        lines = [f"{name} ({', '.join(definitions)})", layout.clause]
        if layout.clusters:
            lines.append(f"CLUSTER BY {', '.join(clusters[: layout.clusters])}")
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


# Levels of fields, the innermost among them, and columns: https://cloud.google.com/bigquery/quotas
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

_PARTITIONS = (
    Layout(),
    Layout("p DATE", DAYS, "PARTITION BY p"),
    Layout("p DATE", LONG_AGO, "PARTITION BY DATE_TRUNC(p, YEAR)"),
    Layout("p TIMESTAMP", LATELY, "PARTITION BY TIMESTAMP_TRUNC(p, HOUR)"),
    Layout("p TIMESTAMP NOT NULL", MOMENTS[:2], "PARTITION BY DATE(p)"),
    Layout("p DATETIME", WHENS[1:], "PARTITION BY DATETIME_TRUNC(p, MONTH)"),
)
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


def _with_options(partition: Layout) -> Iterator[Layout]:
    if not partition.clause:
        yield from (replace(partition, options=options) for options in ((), _DESCRIBED))
        return
    is_short = "HOUR" in partition.clause
    kept = _SHORT if is_short else _LONG
    if not is_short:
        yield from (replace(partition, options=options) for options in ((), FILTERED, _DESCRIBED))
    # Rows of long ago would have expired.
    values = tuple(one for one in partition.values if not set(LONG_AGO[:2]) & {one})
    for options in (kept, (*FILTERED, *kept, *_DESCRIBED)):
        yield replace(partition, options=options, values=values)


_LAYOUTS = [
    replace(layout, clusters=clusters, keys=keys)
    for layout, clusters, keys in itertools.product(
        itertools.chain.from_iterable(map(_with_options, _PARTITIONS)), _CLUSTERS, _KEYS
    )
]
_MOST_COLUMNS = 8

type Pair = tuple[object, object]


def _of(layout: Layout) -> tuple[object, ...]:
    return (
        ("partitions", layout.clause),
        ("options", tuple(option.split()[0] for option in layout.options)),
        ("clusters", layout.clusters),
        ("keys", layout.keys),
    )


def _inner(layout: Layout) -> set[Pair]:
    return set(itertools.combinations(_of(layout), 2))


def _across(layout: Layout, column: tuple[str, str]) -> set[Pair]:
    return {column, *itertools.product(column, _of(layout))}


def pairwise(chance: Random) -> list[Made]:
    """Tables that sql/ may hold, in which every pair of two properties stands; no rows yet.

    Every fourth is of columns that Parquet does not carry, since one makes its table unfit.
    """
    left = {pair for layout in _LAYOUTS for pair in _inner(layout)}
    left |= {pair for layout in _LAYOUTS for column in PAIRS for pair in _across(layout, column)}
    tables: list[Made] = []
    while left:
        takes = len(tables) % 4 == 3
        columns = [one for one in PAIRS if is_unfit(*one) is takes]
        layout = max(chance.sample(_LAYOUTS, len(_LAYOUTS)), key=_gains(columns, left))
        made = Made(f"m{len(tables)}", layout)
        left -= _inner(layout)
        while len(made.columns) < _MOST_COLUMNS:
            gains = {one: len(_across(layout, one) & left) for one in columns}
            made.columns.append(max(chance.sample(columns, len(columns)), key=gains.__getitem__))
            left -= _across(layout, made.columns[-1])
        tables.append(made)
    return tables


def _gains(columns: Sequence[tuple[str, str]], left: set[Pair]) -> Callable[[Layout], int]:
    def gain(layout: Layout) -> int:
        across = max(len(_across(layout, column) & left) for column in columns)
        return 10 * len(_inner(layout) & left) + across

    return gain
