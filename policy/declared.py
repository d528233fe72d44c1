"""The pack over what a program is about to declare, before the engine sees any of it.

Rules about resources together need their dependencies, which only the engine knows: those
are left to `pulumi --policy-pack` and to the tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bqstack.policy import Violation, judging
from policy.pack import RULES

__all__ = ["Violation", "violations"]


def violations(resources: Iterable[judging.Declared]) -> Iterator[Violation]:
    """What breaks a mandatory rule of the pack; what is not known yet breaks none."""
    return judging.violations(RULES, resources)
