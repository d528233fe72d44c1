"""Print what pulumi_gcp declares as inputs, as one JSON document.

Run as `python -m localgcp.provider.print_inputs MODULE:CLASS...` (for example
`bigquery:Table config:Provider`) in a process of its own: it loads the whole Pulumi SDK,
which the provider itself never does.

A type is "string", "integer", "number", "boolean" or "any", {"list": type},
{"map": type}, or {"object": name} with the object's properties under "objects".
"""

import importlib
import inspect
import json
import sys
import typing
from collections import abc
from typing import Any

from pulumi import _types

_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean"}


class _Declarations:
    """Collects the resources asked for and every object type they reach."""

    def __init__(self) -> None:
        self.resources: dict[str, Any] = {}
        self.objects: dict[str, Any] = {}

    def add(self, module_name: str, class_name: str) -> None:
        """Describe the arguments of one resource or provider class."""
        package = "pulumi_gcp" if module_name == "config" else f"pulumi_gcp.{module_name}"
        arguments = getattr(importlib.import_module(package), f"{class_name}Args")
        self.resources[f"{module_name}:{class_name}"] = self._object(arguments)

    def _object(self, cls: type) -> dict[str, Any]:
        wire_names = _types.input_type_py_to_pulumi_names(cls)
        parameters = inspect.signature(cls).parameters
        return {
            "properties": {
                name: self._type(kind)
                for name, kind in sorted(_types.input_type_types(cls).items())
            },
            "required": sorted(
                wire_names[name]
                for name, parameter in parameters.items()
                if name in wire_names and parameter.default is inspect.Parameter.empty
            ),
        }

    def _type(self, kind: Any) -> Any:
        kind = _types.unwrap_type(kind)
        if kind in _SCALARS:
            return _SCALARS[kind]
        if inspect.isclass(kind) and _types.is_input_type(kind):
            name = f"{kind.__module__}.{kind.__name__}"
            if name not in self.objects:
                self.objects[name] = {}  # entered first: types may refer to themselves
                self.objects[name] = self._object(kind)
            return {"object": name}
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin in (list, abc.Sequence):
            return {"list": self._type(arguments[0])}
        if origin in (dict, abc.Mapping):
            return {"map": self._type(arguments[1])}
        return "any"


def main(names: list[str]) -> None:
    """Print the declarations of the named classes."""
    declarations = _Declarations()
    for name in names:
        declarations.add(*name.split(":"))
    document = {"resources": declarations.resources, "objects": declarations.objects}
    json.dump(document, sys.stdout, separators=(",", ":"), sort_keys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
