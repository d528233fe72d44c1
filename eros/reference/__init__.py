"""docs/objects.md and docs/objects/: every SQL object of the system, written from sql/.

`pages(settings)` is the way in; `eros docs` writes what it returns, and a unit test refuses
files that say something else.
"""

from eros.reference.pages import differing, pages

__all__ = ["differing", "pages"]
