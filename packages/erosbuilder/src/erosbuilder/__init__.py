"""Client of the EROS request queue for schedule builders.

A builder takes one request at a time, asks for captions, writes its schedule and closes the
request. docs/builder.md is the contract, `examples/builder.py` a whole program.
"""

from erosbuilder.queue import Builder, Caption, ClaimLost, Request

__all__ = ["Builder", "Caption", "ClaimLost", "Request"]
