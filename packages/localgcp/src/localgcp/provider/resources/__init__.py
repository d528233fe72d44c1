"""The resource types this provider serves: those the EROS program declares."""

from ..declared_inputs import Declarations
from ..resource import Resource
from . import bigquery, data_transfer, iam, logging, monitoring, project, pubsub, storage, table

_MODULES = (bigquery, data_transfer, iam, logging, monitoring, project, pubsub, storage, table)
# A class with a token is a type that is served; one without is what several have in common.
TYPES: tuple[type[Resource], ...] = tuple(
    found
    for module in _MODULES
    for found in vars(module).values()
    if isinstance(found, type)
    and issubclass(found, Resource)
    and found.__module__ == module.__name__
    and hasattr(found, "token")
)

PROVIDER_DECLARATION = "config:Provider"


def declarations() -> Declarations:
    """The declared inputs of the provider itself and of every served type."""
    return Declarations([PROVIDER_DECLARATION, *(kind.declaration_name() for kind in TYPES)])


def by_token(declared: Declarations) -> dict[str, Resource]:
    """Every served type, by its Pulumi type token."""
    return {kind.token: kind(declared) for kind in TYPES}
