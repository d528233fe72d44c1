"""Settings of the stack that a resource belongs to: what its owner asks for, rules demand."""

from __future__ import annotations

from functools import cache

from eros.project import stack_file
from eros.project.settings import Settings


def settings_of(urn: str) -> Settings:
    """Settings that the stack's file states; raises UserError."""
    return load(urn.split("::")[0].removeprefix("urn:pulumi:"))


@cache
def load(stack: str) -> Settings:
    """Settings of a stack, read once."""
    return stack_file.load_stack_file(stack)
