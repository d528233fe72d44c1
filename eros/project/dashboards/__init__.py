"""Dashboards of Cloud Monitoring: from config/dashboards/ to resources and to a page."""

from eros.project.dashboards.loading import FOLDER, load

__all__ = ["FOLDER", "load"]
