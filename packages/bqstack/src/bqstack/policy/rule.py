"""What a rule is, and how it becomes a policy of Pulumi's SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from bqstack.unchecked import JsonMapping, JsonObject, JsonValue

GOOGLE = "gcp:"


class Options(Protocol):
    """Options of a resource, as far as rules read them."""

    @property
    def protect(self) -> bool:
        """Whether the engine refuses to delete it."""
        ...

    @property
    def delete_before_replace(self) -> bool | None:
        """Whether a replacement deletes first; None where the program does not say."""
        ...


class Resource(Protocol):
    """A resource as the engine shows it to a rule."""

    @property
    def resource_type(self) -> str:
        """Its type token."""
        ...

    @property
    def props(self) -> JsonMapping:
        """Its inputs."""
        ...

    @property
    def urn(self) -> str:
        """Its URN."""
        ...

    @property
    def name(self) -> str:
        """Its name in the program."""
        ...

    @property
    def opts(self) -> Options:
        """Its options."""
        ...


class Member(Resource, Protocol):
    """A resource among those of its stack."""

    @property
    def dependencies(self) -> Sequence[Member]:
        """Resources that it waits for."""
        ...


Check = Callable[[Resource], Iterable[str]]
StackCheck = Callable[[Sequence[Member]], Iterable[tuple[str, str | None]]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule.

    `references` are numbers of CIS Google Cloud 4.0 ("CIS 7.1"), Checkov and Trivy.
    `on` names the resource types that `check` sees; empty means all of Google's.
    A rule about resources together has `stack_check` instead, which gives messages with the
    URN at fault, or None where it is the stack. Both say nothing about what is in order.
    """

    id: str
    title: str
    fix: str
    url: str
    severity: Severity
    references: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    check: Check | None = None
    stack_check: StackCheck | None = None
    enforcement: EnforcementLevel = EnforcementLevel.MANDATORY

    def sees(self, resource_type: str) -> bool:
        """Whether the rule looks at resources of this type."""
        return resource_type in self.on if self.on else resource_type.startswith(GOOGLE)

    def policy(self) -> Policy:
        """The rule for Pulumi's engine."""
        cis = [r.removeprefix("CIS ") for r in self.references if r.startswith("CIS ")]
        framework = PolicyComplianceFramework(
            "CIS Google Cloud Platform Foundation Benchmark", "4.0.0", ", ".join(cis)
        )
        facts: JsonObject = {
            "name": self.id,
            "description": self.title,
            "enforcement_level": self.enforcement,
            "severity": self.severity,
            "framework": framework if cis else None,
            "tags": list(self.references),
            "remediation_steps": self.fix,
            "url": self.url,
        }
        if self.check is not None:
            return ResourceValidationPolicy(validate=self._validate, **facts)
        return StackValidationPolicy(validate=self._validate_stack, **facts)

    def _validate(self, resource: ResourceValidationArgs, report: ReportViolation) -> None:
        if self.check is not None and self.sees(resource.resource_type):
            for message in self.check(resource):
                report(f"{message}\n  fix: {self.fix}", None)

    def _validate_stack(self, stack: StackValidationArgs, report: ReportViolation) -> None:
        if self.stack_check is not None:
            for message, urn in self.stack_check(stack.resources):
                report(f"{message}\n  fix: {self.fix}", urn)


def known(properties: JsonMapping, *path: str | int) -> JsonValue:
    """Value at `path`; None where it is not set, or not known before the update.

    For rules of a whole stack, which one unknown value would otherwise silence.
    """
    value: Any = properties
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError, UnknownValueError):
            return None
    return value


def is_set(properties: JsonMapping, key: str) -> bool:
    """Whether the key has a value, known or not."""
    return any(name == key for name in properties)


def of_type(resources: Iterable[Member], *types: str) -> Iterator[Member]:
    """Those of the given types."""
    return (resource for resource in resources if resource.resource_type in types)
