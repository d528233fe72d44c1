"""Checking the SQL of the project offline, with Google's own analyser.

`validate(settings)` analyses every statement of every object, procedure bodies included, and
returns a `Report`; what has not changed since an earlier run is remembered. docs/validate.md
lists the rules.
"""

from eros.validate.findings import Finding, Note, Report
from eros.validate.run import validate

__all__ = ["Finding", "Note", "Report", "validate"]
