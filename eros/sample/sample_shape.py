"""What a sample is: its scale, its tables and the truth that the tables hide."""

from __future__ import annotations

import enum
import hashlib
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from functools import cached_property
from zoneinfo import ZoneInfo

import pyarrow as pa

# The day of the business; a sample ends where `today` begins there.
BUSINESS_ZONE = ZoneInfo("America/Los_Angeles")
# Raise it when the same seed and scale give other rows than before.
GENERATOR_VERSION = 1

_MONEY = pa.decimal128(18, 2)
_INSTANT = pa.timestamp("us", tz="UTC")


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


# Column order and types of the external tables (sql/external_tables); the first column
# is the key whose prefix tells which sample a row belongs to.
SCHEMAS: dict[str, pa.Schema] = {
    "caption_bank": pa.schema(
        [
            _required("caption_id", pa.string()),
            _required("page_name", pa.string()),
            ("caption_text", pa.string()),
            ("caption_key", pa.string()),
            ("price_tier", pa.string()),
            _required("is_active", pa.bool_()),
            _required("created_at", _INSTANT),
        ]
    ),
    "captions": pa.schema([_required("caption_id", pa.string()), ("caption_text", pa.string())]),
    "mass_messages": pa.schema(
        [
            _required("message_id", pa.string()),
            _required("page_name", pa.string()),
            ("caption_id", pa.string()),
            ("message_text", pa.string()),
            _required("sent_at", _INSTANT),
            ("sent_count", pa.int64()),
            ("viewed_count", pa.int64()),
            ("purchased_count", pa.int64()),
            ("price", _MONEY),
            ("earnings", _MONEY),
            _required("updated_at", _INSTANT),
        ]
    ),
    "active_caption_assignments": pa.schema(
        [
            _required("assignment_id", pa.string()),
            _required("page_name", pa.string()),
            _required("caption_id", pa.string()),
            _required("scheduled_send_date", pa.date32()),
            _required("assigned_at", _INSTANT),
            _required("is_active", pa.bool_()),
            ("deactivated_at", _INSTANT),
            ("deactivation_reason", pa.string()),
        ]
    ),
    "schedule_recommendations": pa.schema(
        [
            _required("recommendation_id", pa.string()),
            _required("page_name", pa.string()),
            ("caption_id", pa.string()),
            _required("schedule_date", pa.date32()),
            ("send_at", _INSTANT),
            _required("created_at", _INSTANT),
        ]
    ),
}


@dataclass(frozen=True)
class Scale:
    """How much is drawn. `dataclasses.replace` makes a scale of one's own."""

    name: str
    creators: int
    captions_per_creator: int
    days: int
    """Days of message history that end yesterday."""
    messages_per_day: float
    """Mean per creator; large audiences get more, small ones fewer."""

    def __post_init__(self) -> None:
        for field, value in asdict(self).items():
            if field != "name" and value <= 0:
                raise ValueError(f"scale {self.name!r}: {field} must be above 0, got {value}")

    @property
    def captions(self) -> int:
        """Captions of all creators together."""
        return self.creators * self.captions_per_creator


class Size(enum.StrEnum):
    """The scales that a person chooses by name."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"

    @property
    def scale(self) -> Scale:
        """The numbers behind the name."""
        return _SCALES[self]


_SCALES = {
    Size.SMALL: Scale("small", 12, captions_per_creator=120, days=90, messages_per_day=14),
    Size.MEDIUM: Scale("medium", 100, captions_per_creator=1_000, days=90, messages_per_day=33),
    Size.LARGE: Scale("large", 500, captions_per_creator=2_000, days=90, messages_per_day=24),
}


@dataclass(frozen=True)
class Identity:
    """Seed, scale and day of a sample: what two equal samples have in common."""

    scale: Scale
    seed: int
    today: date

    @property
    def digest(self) -> str:
        """Four hexadecimal digits for seed, scale and generator, the same on every day."""
        text = repr((GENERATOR_VERSION, self.seed, sorted(asdict(self.scale).items())))
        return hashlib.sha256(text.encode()).hexdigest()[:4]

    @property
    def prefix(self) -> str:
        """Start of every identifier of the sample, for example `s261122-9f3a-`."""
        return f"s{self.today:%y%m%d}-{self.digest}-"

    @property
    def start_of_today(self) -> datetime:
        """The instant at which the sample ends: midnight in Los Angeles."""
        return datetime.combine(self.today, time(), BUSINESS_ZONE)

    def __str__(self) -> str:
        return f"sample {self.scale.name}, seed {self.seed}, of {self.today}"


@dataclass(frozen=True)
class Truth:
    """What produced the numbers; never loaded, for tests and simulations only."""

    creators: pa.Table
    """Per page the traits of `eros.sample.creators.Creators`."""
    captions: pa.Table
    """caption_id, page_name, conversion_rate (purchases per view), popularity."""


@dataclass(frozen=True)
class Sample:
    """Tables by name, as the dataset holds them, and the truth behind them."""

    identity: Identity
    tables: dict[str, pa.Table]
    truth: Truth

    @cached_property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(table.num_rows for table in self.tables.values())
