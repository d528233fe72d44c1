"""Component resources of the system; the only code that declares resources of Google Cloud."""
