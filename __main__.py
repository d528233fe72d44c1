"""The Pulumi program: settings in, components out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

import pulumi

from bqstack import lean
from bqstack.connection import Connection
from bqstack.errors import UserError
from bqstack.guard.guard import Guard
from components.fingerprint import fingerprint
from components.system import System, read
from eros.project.environment import prepare_program
from eros.project.settings import PROJECT_ROOT, check_file, from_engine

if TYPE_CHECKING:
    from bqstack.guard.program import Declared
    from policy.declared import Violation

lean.program()


def _broken_rules(resources: Iterable[Declared]) -> Iterable[Violation]:
    """What the policy pack says; its classes are loaded only when something changes."""
    from policy.declared import violations

    return violations(resources)


def _google() -> Connection:
    """Google's clients, which take long to load: a refusal counts rows with them."""
    from eros.cloud.google import Google

    return Google(settings)


prepare_program()
try:
    stack = pulumi.get_stack()
    guard = Guard(pulumi.warn, PROJECT_ROOT, repair="eros repair --stack")
    check_file(stack)
    # The engine hands the stack's configuration to the program in this variable.
    settings = from_engine(json.loads(os.environ.get("PULUMI_CONFIG", "{}")), stack)
    for text in settings.warnings:
        pulumi.warn(text)
    files = read(settings)
    guard.check(
        settings,
        lambda: System("eros", settings, files),
        _broken_rules,
        partial(fingerprint, settings),
        _google,
    )
    system = System("eros", settings, files)
except UserError as error:
    raise pulumi.RunError(str(error)) from None

for name, value in system.exports.items():
    pulumi.export(name, value)
