"""A sandbox: the whole system beside production's rows, for one person or one pull request.

    create(request, root=..., progress=print)       creates it, or finishes an interrupted one
    listing(google, root)                           owners, last days and costs of all
    extend(name, days, root=..., progress=print)    a later last day
    destroy(name, source, root=..., progress=print) deletes all of it, and checks every API

docs/sandboxes.md says how to use them, docs/decisions/023-sandboxes.md why they work this way.
"""

from eros.sandbox.creating import Created, Request, create
from eros.sandbox.destroying import destroy
from eros.sandbox.extending import extend
from eros.sandbox.sandbox_file import Data
from eros.sandbox.sandbox_list import Listed, expired, listing

__all__ = [
    "Created",
    "Data",
    "Listed",
    "Request",
    "create",
    "destroy",
    "expired",
    "extend",
    "listing",
]
