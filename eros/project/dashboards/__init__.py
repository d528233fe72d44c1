"""Dashboards of Cloud Monitoring: from config/dashboards/ to resources and to a page."""

from eros.project.dashboards.dashboard_files import FOLDER, load

__all__ = ["FOLDER", "load"]
