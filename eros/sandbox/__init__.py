"""A sandbox: the whole system beside production's rows, for one person or one pull request.

    create(request, root=..., progress=print)    made, or finished where it was left
    listing(google, root)                        whose there are, until when, and what they cost
    extend(google, days, root=...)               a later last day
    destroy(stack, source, root=...)             gone, shown by asking every API

docs/sandboxes.md says how they are used, docs/decisions/023-sandboxes.md why they are so.
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
