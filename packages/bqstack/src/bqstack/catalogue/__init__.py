"""The SQL files of `sql/` as objects: rendered, parsed, linked and ordered.

`load(target, root)` is the way in. The DDL is the single source; everything that the
program declares about a table, routine or view is derived from it here.
"""

from bqstack.catalogue.loader import Catalogue, load
from bqstack.catalogue.sql_objects import Kind, MaterializedView, Routine, SqlObject, Table, View

__all__ = [
    "Catalogue",
    "Kind",
    "MaterializedView",
    "Routine",
    "SqlObject",
    "Table",
    "View",
    "load",
]
