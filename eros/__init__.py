"""EROS: settings, SQL catalogue and operator's command of the scheduling system."""
