"""The program as the library knows it: one description for `pulumi` and for `eros plan`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

import pulumi

from bqstack.connection import Connection
from bqstack.program import Program
from components.system import System, read
from eros.cloud.fingerprint import fingerprint
from eros.project.settings import Settings
from eros.project.stack_file import check_file, from_engine, load_stack_file

if TYPE_CHECKING:
    from bqstack.guard.declarations import Declared
    from bqstack.policy import Violation


def deployed(stack: str) -> Program:
    """The stack that the engine works on, with the engine's settings; raises UserError."""
    check_file(stack)
    # The engine hands the stack's configuration to the program in this variable.
    settings = from_engine(json.loads(os.environ.get("PULUMI_CONFIG", "{}")), stack)
    for text in settings.warnings:
        pulumi.warn(text)
    return _described(settings)


def planned(stack: str, *, check: bool = True) -> Program:
    """The stack as its file states it, for who asks without an engine; raises UserError.

    Without `check`, for what is deployed already, mistakes that can be read are passed over.
    """
    # A plan needs no cloud, not even the local one.
    settings = load_stack_file(stack).model_copy(update={"endpoints_file": None})
    return _described(settings, check=check)


def _described(settings: Settings, *, check: bool = True) -> Program:
    files = read(settings, check=check)
    return Program(
        target=settings,
        catalogue=files.sql,
        declare=lambda: System("eros", settings, files).exports,
        judge=_broken_rules,
        fingerprint=partial(fingerprint, settings),
        connect=partial(_google, settings),
        rules="docs/policies.md",
    )


def _broken_rules(resources: Iterable[Declared]) -> Iterable[Violation]:
    """What the policy pack says; its classes are loaded only when something changes."""
    from policy.declared import violations

    return violations(resources)


def _google(settings: Settings) -> Connection:
    """Google's clients, which take long to load: a refusal counts rows with them."""
    from eros.cloud.google import Google

    return Google(settings)
