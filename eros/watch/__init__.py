"""Looking at a running system: health, monitor, dashboard page."""
