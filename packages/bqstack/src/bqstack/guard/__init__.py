"""What a change of the program does to what exists, and what is lost by it.

`compare(old, new)` takes resources of a stack's state or of a program and gives the
changes with their data-loss class.
"""

from bqstack.guard.change import Action, Change, Detail, Loss, Resource
from bqstack.guard.compare import compare

__all__ = ["Action", "Change", "Detail", "Loss", "Resource", "compare"]
