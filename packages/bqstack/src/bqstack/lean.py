"""What a process that lives for seconds can do without.

A Pulumi program makes a graph of objects that all live to its end. Collecting garbage in it
finds none and takes a fifth of a preview's processor time; the SDK's debug lines take another
tenth, because each is a call to the engine, which shows them with `pulumi --debug` only.
"""

from __future__ import annotations

import atexit
import gc
import os

# Set to anything, the SDK's debug lines reach the engine.
DEBUG = "EROS_SDK_DEBUG"


def process() -> None:
    """No collection of garbage in this process, neither now nor when it ends."""
    gc.disable()
    # The interpreter collects once more when it ends.
    atexit.register(gc.freeze)


def program() -> None:
    """What `process` does; and no debug lines of Pulumi's SDK, unless EROS_SDK_DEBUG is set."""
    process()
    if not os.environ.get(DEBUG):
        import pulumi

        pulumi.log.debug = _unsaid


def _unsaid(*_: object, **__: object) -> None:
    """Takes the place of a debug line."""
