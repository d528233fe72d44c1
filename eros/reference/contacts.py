"""Whom to reach, on the runbook page: out of the settings of every shared stack."""

from __future__ import annotations

import re
from pathlib import Path

from bqstack import texts
from bqstack.errors import UserError
from eros.project import channels
from eros.project.alerts import loaded_rules
from eros.project.alerts.rules_file import Severity
from eros.project.settings import NAMESPACE, Settings
from eros.project.stack_file import load_stack_file

PAGE = Path("docs/runbook.md")
_BEGIN, _END = "<!-- contacts: written by `eros docs` -->", "<!-- contacts: end -->"
_PLACE = re.compile(f"(?<={re.escape(_BEGIN)}\n).*?(?={re.escape(_END)})", re.S)
_SEVERITIES: tuple[Severity, ...] = ("CRITICAL", "WARNING")
# What no channel needs: for people, entries of eros:contacts.
PEOPLE = {
    "rota": "rotation",
    "technicalLead": "technical lead",
    "engineeringManager": "engineering manager",
    "cto": "CTO",
}


def page(root: Path) -> dict[Path, str]:
    """The runbook page below `root` as it should be; raises UserError."""
    whole = texts.read(root / PAGE, PAGE)
    found, count = _PLACE.subn(lambda _: _table(root), whole, count=1)
    if count != 1:
        raise UserError("the place where `eros docs` writes the contacts is missing", file=PAGE)
    return {PAGE: found}


def _table(root: Path) -> str:
    stacks = _shared(root)
    rows = [("", *(f"`{stack.stack}`" for stack in stacks))]
    rows.append(("on call", *(_cell(stack.alert_email) for stack in stacks)))
    for key, title in PEOPLE.items():
        rows.append((title, *(_contact(stack, key) for stack in stacks)))
    for severity in _SEVERITIES:
        reached = (_cell(", ".join(_receivers(stack, root, severity))) for stack in stacks)
        rows.append((f"{severity} alerts reach", *reached))
    reached = (_cell(", ".join(_receivers(stack, root, "CRITICAL", True))) for stack in stacks)
    rows.append(("escalations reach", *reached))
    rows.append(("this page", *(_cell(stack.runbook) for stack in stacks)))
    head, *others = (f"| {' | '.join(row)} |".replace("|  |", "| |") for row in rows)
    rule = f"| --- {'| --- ' * len(stacks)}|"
    return "\n".join(("", head, rule, *others, "", ""))


def _shared(root: Path) -> list[Settings]:
    """Stacks of Google's cloud that are nobody's sandbox; production first."""
    files = root.glob("Pulumi.*.yaml")
    names = sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in files)
    stacks = [load_stack_file(name, root) for name in names]
    shared = [one for one in stacks if one.endpoints_file is None and not one.sandbox]
    return sorted(shared, key=lambda one: (one.environment != "prod", one.stack))


def _contact(stack: Settings, key: str) -> str:
    value = stack.contacts.get(key, "")
    return _cell(value) if value else f"not set: `{NAMESPACE}:contacts.{key}`"


def _receivers(
    stack: Settings, root: Path, severity: Severity, escalated: bool = False
) -> list[str]:
    """Where alerts of a severity arrive: each channel of the stack, with its address."""
    declared = channels.load(stack, root)
    route = loaded_rules.read_document(root).routes[severity]
    keys = route.escalate_to if escalated else route.channels
    return [_address(declared[key]) for key in keys if key in declared]


def _address(channel: channels.Channel) -> str:
    """The title, and the label that says where it leads, unless that is a secret."""
    shown = ("email_address", "channel_name", "space", "topic")
    where = [channel.labels[name] for name in shown if name in channel.labels]
    return f"{channel.title.removeprefix('EROS: ')} {''.join(where)}".rstrip()


def _cell(text: str) -> str:
    return text.replace("|", "\\|") or "nobody"
