"""What a Pulumi stack holds, now and after each of its earlier updates.

    current(stack)           the resources of today
    kept_in_folder(stack)    the same without pulumi, where a folder keeps it
    history(stack)           the updates, newest first
    load(stack, version)     the resources that an update left
    damage(stack)            what is broken of the files that keep it
    drop_broken_notes()      delete what is broken beside them, which nobody needs
    has_stack(stack)         whether the backend keeps it, in whatever condition
    ensure_stack(stack)      make it, unless it is there

Secrets stay as the backend keeps them: ciphertext behind Pulumi's own marker. `revealed` is
the one function that opens them, in memory.
"""

from bqstack.state.checkpoints import NotKept, Unreachable
from bqstack.state.damage import Damage, damage, drop_broken_notes
from bqstack.state.kept_stacks import ensure_stack, has_stack
from bqstack.state.reading import backend_url, current, history, kept_in_folder, load, load_file
from bqstack.state.secrets import revealed
from bqstack.state.state_files import SECRET_MARKER, Checkpoint, Resource, Update

__all__ = [
    "SECRET_MARKER",
    "Checkpoint",
    "Damage",
    "NotKept",
    "Resource",
    "Unreachable",
    "Update",
    "backend_url",
    "current",
    "damage",
    "drop_broken_notes",
    "ensure_stack",
    "has_stack",
    "history",
    "kept_in_folder",
    "load",
    "load_file",
    "revealed",
]
