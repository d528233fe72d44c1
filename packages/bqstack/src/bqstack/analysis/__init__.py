"""Checking the SQL of the project offline, with Google's own analyser.

`validate(target, root)` analyses every statement of every object, procedure bodies included, and
returns a `Report`; what has not changed since an earlier run is remembered. `analysis.rules`
has the rules.
"""

from bqstack.analysis.beside import Beside
from bqstack.analysis.findings import Finding, Note, Report
from bqstack.analysis.whole_check import validate

__all__ = ["Beside", "Finding", "Note", "Report", "validate"]
