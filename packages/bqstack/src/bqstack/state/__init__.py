"""What a Pulumi stack holds, now and after each of its earlier updates.

    current(stack)           the resources of today
    history(stack)           the updates, newest first
    load(stack, version)     the resources that an update left

Secrets stay as the backend keeps them: ciphertext behind Pulumi's own marker. `revealed` is
the one function that opens them, in memory.
"""

from bqstack.state.model import SECRET_MARKER, Checkpoint, Resource, Update
from bqstack.state.reading import current, history, load, load_file
from bqstack.state.secrets import revealed

__all__ = [
    "SECRET_MARKER",
    "Checkpoint",
    "Resource",
    "Update",
    "current",
    "history",
    "load",
    "load_file",
    "revealed",
]
