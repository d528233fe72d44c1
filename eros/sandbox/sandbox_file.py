"""The stack file of a sandbox, written from its source's."""

from __future__ import annotations

import enum
import getpass
import os
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from bqstack import documents, durable
from bqstack.errors import UserError
from eros.project.resource_names import wrong_sandbox_name
from eros.project.settings import NAMESPACE, Settings
from eros.project.stack_file import load_stack_file, parse

MOST_DAYS = 90
_DAYS = re.compile(r"(\d{1,3})d")
_HEAD = (
    "# A sandbox, written by `eros sandbox create` (docs/sandboxes.md). Git ignores the file;\n"
    "# `eros sandbox destroy` deletes it with all that it describes.\n"
)
# Of the source, and of no other stack: what it takes over, loses, protects, and who hears of it.
_OF_THE_SOURCE = (
    *("allowLoss", "allowMistakes", "importTables", "protectTables", "sandbox", "schedulesPaused"),
    *("lease", "secrets"),
)
# Roles in the project, which belong to the source (docs/decisions/023-sandboxes.md).
_GRANTED_IN_PROJECT = {"access": ("builders", "sandboxOwners"), "backup": ("operators",)}


class Data(enum.StrEnum):
    """Which rows a sandbox begins with."""

    CLONE = "clone"
    SAMPLE = "sample"
    NONE = "none"


def check_name(name: str, root: Path) -> None:
    """Refuse a name that no sandbox can have, or that another stack has; raises UserError."""
    if wrong := wrong_sandbox_name(name):
        letters = re.sub(r"[^a-z0-9]", "", name.lower()).lstrip("0123456789")[:20]
        proposal = letters if letters and not wrong_sandbox_name(letters) else "alice"
        raise UserError(wrong, key="NAME", value=name, fix=f"eros sandbox create {proposal}")
    if path(name, root).is_file() and name not in names(root):
        raise UserError(
            f"there is a stack of this name that is no sandbox: {path(name, root).name}",
            key="NAME",
            value=name,
            fix="another name for the sandbox",
        )


def lifetime(text: str) -> int:
    """Days of `7d`; raises UserError."""
    match = _DAYS.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= MOST_DAYS:
        raise UserError(
            f"a sandbox lives for 1 to {MOST_DAYS} days, written as 7d",
            key="--expires",
            value=text,
            fix=f"--expires {text}d" if text.isdecimal() and 1 <= int(text) <= MOST_DAYS else None,
        )
    return int(match[1])


def owner() -> str:
    """Who runs this, as a label takes it."""
    name = os.environ.get("EROS_SANDBOX_OWNER") or getpass.getuser()
    return re.sub(r"[^a-z0-9_-]", "_", name.lower())[:63]


def document(
    name: str, source: str, data: Data, today: date, days: int, root: Path
) -> dict[str, Any]:
    """What the file of the sandbox `name` says; raises UserError when it cannot be one."""
    known = load_stack_file(source, root)
    if known.sandbox:
        raise UserError(
            "a sandbox cannot be created from another sandbox",
            key="--from",
            value=source,
            fix=f"--from {known.lease.source}" if known.lease else None,
        )
    file = f"Pulumi.{source}.yaml"
    found: dict[str, Any] = documents.read_yaml(root / file, file)
    prefix = f"{NAMESPACE}:"
    config = {
        key: value
        for key, value in found["config"].items()
        if key.removeprefix(prefix) not in _OF_THE_SOURCE
    }
    for section, inner in _GRANTED_IN_PROJECT.items():
        if isinstance(values := config.get(f"{prefix}{section}"), dict):
            config[f"{prefix}{section}"] = {k: v for k, v in values.items() if k not in inner}
    config |= {
        f"{prefix}sandbox": name,
        f"{prefix}externalTables": "greenfield",
        f"{prefix}lease": {
            "owner": owner(),
            "expires": (today + timedelta(days=days)).isoformat(),
            "days": days,
            "source": source,
            "data": data.value,
        },
    }
    return {**found, "config": config}


def settings(content: dict[str, Any], name: str, root: Path) -> Settings:
    """The settings that such a file has; raises UserError."""
    prefix = f"{NAMESPACE}:"
    values = {
        key.removeprefix(prefix): value
        for key, value in content["config"].items()
        if key.startswith(prefix)
    }
    return parse(values, f"Pulumi.{name}.yaml", root)


def path(name: str, root: Path) -> Path:
    """Where the file is."""
    return root / f"Pulumi.{name}.yaml"


def write(name: str, content: dict[str, Any], root: Path) -> None:
    """Write the file in one step; raises UserError when the folder refuses."""
    text = _HEAD + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    try:
        durable.write_bytes(path(name, root), text.encode())
    except OSError as error:
        raise UserError(
            f"cannot be written: {error.strerror}", file=path(name, root).name
        ) from None


def read(name: str, root: Path) -> Settings:
    """Settings of a sandbox; raises UserError when there is none, or the stack is not one."""
    if not path(name, root).is_file():
        raise UserError(
            f"there is no sandbox {name!r} on this machine",
            file=path(name, root).name,
            fix=f"eros sandbox list shows them; eros sandbox create {name} makes it",
        )
    found = load_stack_file(name, root)
    if not found.sandbox or found.lease is None:
        raise UserError(
            f"the stack {name} was not created by `eros sandbox create`",
            file=path(name, root).name,
            key=f"{NAMESPACE}:lease",
        )
    return found


def names(root: Path) -> list[str]:
    """Stacks whose file has `eros:sandbox`, in alphabetical order."""
    found = []
    for file in sorted(root.glob("Pulumi.*.yaml")):
        try:
            content = documents.read_yaml(file, file.name)
        except UserError:
            continue  # A command on that stack reports what is wrong with its file.
        if f"{NAMESPACE}:sandbox" in (content.get("config") or {}):
            found.append(file.name.split(".")[1])
    return found


def chosen(stack: str | None, root: Path) -> Settings:
    """The sandbox that is named, or the only one there is; raises UserError."""
    if stack:
        return read(stack, root)
    known = names(root)
    if len(known) == 1:
        return read(known[0], root)
    raise UserError(
        "which sandbox?" if known else "there is no sandbox on this machine",
        key="--stack",
        fix=f"one of: {', '.join(known)}" if known else "eros sandbox create NAME",
    )
