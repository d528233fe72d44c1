"""local-bigquery, the emulator, and what is changed in it; `python -m localgcp.bigquery`."""
