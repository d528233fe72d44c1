"""The floor of a preview: a program that declares what a stack has, in literals, and does no more.

It is written from the stack's state and has the names of the stack and its project, so that its
preview finds the same resources under the same URNs and changes none. It reads no file, checks
nothing and computes nothing: what it costs are the engine, the provider and the SDK.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic.alias_generators import to_snake

_STACK = "pulumi:pulumi:Stack"
_PROVIDER = "pulumi:providers:"
# Marks a secret in a state; the only one of a local stack is the token of its provider.
_SECRET = "4dabf18193072939515e22adb298388d"
_TOKEN = "local"


def program(resources: Iterable[Mapping[str, Any]]) -> str:
    """Source of a Python program that declares `resources`, those of an exported state."""
    lines = ["import pulumi", "import pulumi_gcp as gcp", "", "made = {}"]
    for one in resources:
        if one["type"] == _STACK:
            lines += [f"pulumi.export({key!r}, {value!r})" for key, value in one["outputs"].items()]
            continue
        name, options = one["urn"].rpartition("::")[2], ", ".join(_options(one))
        made = f"{name!r}, opts=pulumi.ResourceOptions({options})"
        if one["custom"]:
            arguments = "".join(
                f", {to_snake(key)}={_literal(value)!r}"
                for key, value in one.get("inputs", {}).items()
                if not key.startswith("__") and key != "version"
            )
            lines.append(f"made[{one['urn']!r}] = {_class(one['type'])}({made}{arguments})")
        else:
            lines.append(
                f"made[{one['urn']!r}] = pulumi.ComponentResource({one['type']!r}, {made})"
            )
            lines.append(f"made[{one['urn']!r}].register_outputs({one.get('outputs', {})!r})")
    return "\n".join(lines) + "\n"


def _options(resource: Mapping[str, Any]) -> Iterable[str]:
    if f"::{_STACK}::" not in resource["parent"]:
        yield f"parent=made[{resource['parent']!r}]"
    if resource.get("provider"):
        yield f"provider=made[{resource['provider'].rpartition('::')[0]!r}]"
    if resource.get("ignoreChanges"):
        yield f"ignore_changes={resource['ignoreChanges']!r}"
    if resource.get("retainOnDelete"):
        yield "retain_on_delete=True"


def _class(kind: str) -> str:
    """`gcp:bigquery/table:Table` is `gcp.bigquery.Table`."""
    if kind.startswith(_PROVIDER):
        return "gcp.Provider"
    package, module, name = kind.split(":")
    return f"{package}.{module.partition('/')[0].lower()}.{name}"


def _literal(value: object) -> object:
    return _TOKEN if isinstance(value, Mapping) and _SECRET in value else value
