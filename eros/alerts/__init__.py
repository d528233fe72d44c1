"""Alert rules: from config/alerts.yaml to the SQL that evaluates and the policies that page.

`eros.settings` reads the rules to render SQL, so only what does without the settings is
imported here.
"""

from eros.alerts.catalogue import FILE, Alerts, Rule, load

__all__ = ["FILE", "Alerts", "Rule", "load"]
