"""Pulumi's generated gRPC modules, imported without the Pulumi SDK around them.

`import pulumi` costs most of a second and this process starts once per provider and
command. The generated modules need nothing from the SDK but a package to sit in, so
empty packages with the SDK's search path stand in for `pulumi`, `pulumi.runtime` and
`pulumi.runtime.proto`, unless the SDK is already loaded (as it is under pytest).
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def _stand_in(name: str, folder: Path) -> None:
    """Register an empty package so that only the modules asked for are executed."""
    package = ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package


if "pulumi" not in sys.modules:
    _spec = importlib.util.find_spec("pulumi")
    if _spec is None or not _spec.submodule_search_locations:
        raise ModuleNotFoundError("the package pulumi is not installed in this environment")
    _root = Path(_spec.submodule_search_locations[0])
    _stand_in("pulumi", _root)
    _stand_in("pulumi.runtime", _root / "runtime")
    _stand_in("pulumi.runtime.proto", _root / "runtime" / "proto")

from pulumi.runtime.proto import (  # noqa: E402
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)

__all__ = ["plugin_pb2", "provider_pb2", "provider_pb2_grpc", "status_pb2"]
