"""The operator's command `eros`."""
