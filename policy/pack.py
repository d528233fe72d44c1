"""All rules of the pack."""

from bqstack.policy import hard_limits
from bqstack.policy.rule import Rule
from policy import access, audit, encryption, labels, monitoring, schedules, storage

NAME = "eros"
THEMES = {
    "Access": access,
    "Storage": storage,
    "Encryption": encryption,
    "Labels": labels,
    "Audit logs": audit,
    "Monitoring": monitoring,
    "Schedules": schedules,
    "BigQuery's limits": hard_limits,
}
RULES: tuple[Rule, ...] = tuple(rule for module in THEMES.values() for rule in module.RULES)
