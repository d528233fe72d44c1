"""What a change would do to a stack: for a pull request, a person, a program.

`sources` gives the two sides, `build` the plan, `markdown` and `report` its two forms.
"""

from bqstack.plan.build import build
from bqstack.plan.whole_plan import Plan, as_json

__all__ = ["Plan", "as_json", "build"]
