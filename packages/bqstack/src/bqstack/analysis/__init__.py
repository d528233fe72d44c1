"""Checking the SQL of the project offline, with Google's own analyser.

`validate(settings)` analyses every statement of every object, procedure bodies included;
`quick(catalogue)` is the part that is cheap enough for `pulumi preview`. Both return a
`Report`; docs/validate.md lists the rules.
"""

from bqstack.analysis.findings import Finding, Note, Report
from bqstack.analysis.quick import quick
from bqstack.analysis.run import validate

__all__ = ["Finding", "Note", "Report", "quick", "validate"]
