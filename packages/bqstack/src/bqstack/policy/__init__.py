"""Rules about what a program declares, for the guard and for Pulumi's policy engine.

`LIMITS` are BigQuery's own limits, true of every dataset; a program adds rules of its own.
"""

from bqstack.policy.hard_limits import RULES as LIMITS
from bqstack.policy.judging import Violation, violations
from bqstack.policy.rule import Rule

__all__ = ["LIMITS", "Rule", "Violation", "violations"]
