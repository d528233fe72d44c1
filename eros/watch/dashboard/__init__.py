"""The dashboard as a page of its own."""
