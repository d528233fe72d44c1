"""Alert rules: from config/alerts.yaml to the SQL that evaluates and the policies that page.

`eros.project.settings` reads the rules to render SQL, so only what does without the settings is
imported here.
"""

from eros.project.alerts.catalogue import FILE, Alerts, Rule, load, of
from eros.project.alerts.rules_file import Document

__all__ = ["FILE", "Alerts", "Document", "Rule", "load", "of"]
