"""A stack whose engine was killed, fixed: `repair(google, "prod", progress=print)`.

docs/deploy.md says what it does and does not.
"""

from eros.operations.repair.pending import Settled, settle
from eros.operations.repair.repairing import (
    Repair,
    held_locks,
    lock_message,
    refuse_damage,
    remaining,
    repair,
)

__all__ = [
    "Repair",
    "Settled",
    "held_locks",
    "lock_message",
    "refuse_damage",
    "remaining",
    "repair",
    "settle",
]
