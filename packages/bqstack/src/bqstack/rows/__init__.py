"""What a change does to rows: views and functions of two sides over the same tables.

Both sides are made as views and functions beside the tables, in two datasets of their own that
are deleted again; each pair is compared in one statement, so both see the same moment. The
tables' own rows are read and never changed.

`two_places` compares the tables and views of two datasets; a `twin` is a dataset in which one
side's procedures can run, too.
"""

from bqstack.rows.comparing import compare
from bqstack.rows.row_diff import Example, ObjectDiff, RowDiff

__all__ = ["Example", "ObjectDiff", "RowDiff", "compare"]
