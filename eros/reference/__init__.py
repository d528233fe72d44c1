"""What is written from the system's own files: docs/objects/ and config/schemas/.

Beside them what follows from settings and catalogues in docs/alerts.md and .sqlfluff.

`pages(settings)` and `schemas()` are the ways in; `eros docs` writes what they return, and unit
tests refuse files that say something else.
"""

from eros.reference.pages import differing, pages
from eros.reference.schemas import FOLDER as SCHEMAS
from eros.reference.schemas import schemas

__all__ = ["SCHEMAS", "differing", "pages", "schemas"]
