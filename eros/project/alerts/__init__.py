"""Alert rules: from config/alerts.yaml to the SQL that evaluates and the policies that page."""

from eros.project.alerts.loaded_rules import FILE, Alerts, Rule, load, of
from eros.project.alerts.rules_file import Document

__all__ = ["FILE", "Alerts", "Document", "Rule", "load", "of"]
