"""Rules over what a program is about to declare, before the engine sees any of it.

Rules about resources together need their dependencies, which only the engine knows: those
are left to `pulumi --policy-pack` and to the tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol

from pulumi.runtime.rpc import UNKNOWN
from pulumi_policy import EnforcementLevel
from pulumi_policy.proxy import UnknownValueError, unknown_checking_proxy

from bqstack.policy.rule import Rule
from bqstack.unchecked import JsonObject


class Declared(Protocol):
    """A resource as `bqstack.guard.declarations` records it."""

    @property
    def urn(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def inputs(self) -> JsonObject: ...
    @property
    def protect(self) -> bool: ...
    @property
    def delete_before_replace(self) -> bool: ...


@dataclass(frozen=True)
class Violation:
    """A mandatory rule that a resource breaks."""

    resource: str
    rule: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.resource}: {self.message} [{self.rule}]; fix: {self.fix}"


def violations(rules: Iterable[Rule], resources: Iterable[Declared]) -> Iterator[Violation]:
    """What breaks a mandatory one of the rules; what is not known yet breaks none."""
    mandatory = [
        (rule, rule.check)
        for rule in rules
        if rule.check is not None and rule.enforcement is EnforcementLevel.MANDATORY
    ]
    for found in resources:
        seen = SimpleNamespace(
            resource_type=found.type,
            props=unknown_checking_proxy(_with_unknowns(found.inputs)),
            urn=found.urn,
            name=found.name,
            opts=SimpleNamespace(
                protect=found.protect, delete_before_replace=found.delete_before_replace
            ),
        )
        for rule, check in mandatory:
            if not rule.sees(found.type):
                continue
            try:
                messages = list(check(seen))
            except UnknownValueError:
                continue  # as the engine does it
            for message in messages:
                yield Violation(found.name, rule.id, message, rule.fix)


def _with_unknowns(value: Any) -> Any:
    """The inputs with the engine's mark where a value is not known: nothing else is None."""
    if value is None:
        return UNKNOWN
    if isinstance(value, dict):
        return {key: _with_unknowns(item) for key, item in value.items()}
    return [_with_unknowns(item) for item in value] if isinstance(value, list) else value
