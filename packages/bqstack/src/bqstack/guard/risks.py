"""What no row is lost by, but what an operator wants to know before it happens.

A change that opens something to everybody, takes a right from the account that schedules run
as, or leaves an alert that nobody hears of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bqstack.guard import inputs
from bqstack.guard.change import Action, Change, Detail, Loss, Resource
from bqstack.unchecked import JsonMapping
from gcptypes import is_grant
from gcptypes.records import ALERT, DATASET, TRANSFER

_EVERYBODY = frozenset({"allUsers", "allAuthenticatedUsers"})
# https://cloud.google.com/iam/docs/roles-overview#basic
_BASIC = frozenset({"roles/owner", "roles/editor", "roles/viewer"})
_SCOPES = ("project", "datasetId", "tableId", "bucket", "topic", "serviceAccountId", "resource")


def risks(change: Change, new: Iterable[Resource]) -> Iterator[Detail]:
    """Warnings about a change; `new` are all resources as they will be."""
    if is_grant(change.type):
        yield from _opened(change)
        yield from _narrowed(change, new)
    elif change.type == DATASET:
        for who in sorted(_special(change.new) - _special(change.old)):
            yield _warning("accesses", f"open to {who}", "anybody who finds it can read it")
    elif (change.type, change.action) == (ALERT, Action.DELETE) and _is_critical(change.old):
        yield _warning(
            "severity", "a CRITICAL rule is removed", "nobody is notified of it any longer"
        )


def _opened(change: Change) -> Iterator[Detail]:
    if change.action is Action.DELETE:
        return
    for who in sorted((_members(change.new) & _EVERYBODY) - _members(change.old)):
        yield _warning("member", f"granted to {who}", "anybody on the internet has this access")
    role = str(change.new.get("role", ""))
    if role in _BASIC and role != change.old.get("role"):
        yield _warning("role", f"the basic role {role}", "it grants rights over every service")


def _narrowed(change: Change, new: Iterable[Resource]) -> Iterator[Detail]:
    """A grant that a schedule's account loses, and has not in another resource."""
    if change.action not in (Action.DELETE, Action.REPLACE):
        return
    after = [(r.type, inputs.canonical(r.type, r.inputs)) for r in new]
    runners = {
        f"serviceAccount:{values.get('serviceAccountName')}"
        for type_, values in after
        if type_ == TRANSFER
    }
    for member in sorted(_members(change.old) & runners):
        kept = any(
            type_ == change.type
            and member in _members(values)
            and values.get("role") == change.old.get("role")
            and all(values.get(key) == change.old.get(key) for key in _SCOPES)
            for type_, values in after
        )
        if not kept:
            text = f"the account of the schedules loses {change.old.get('role')}"
            yield _warning("role", text, "runs that need it fail")


def _is_critical(values: JsonMapping) -> bool:
    return str(values.get("severity", "")) == "CRITICAL"


def _members(values: JsonMapping) -> set[str]:
    return {str(one) for one in (values.get("member"), *(values.get("members") or [])) if one}


def _special(values: JsonMapping) -> set[str]:
    """Everybody, as far as a dataset is open to them."""
    found = (
        str(entry.get(key))
        for entry in values.get("accesses") or []
        if isinstance(entry, dict)
        for key in ("specialGroup", "iamMember")
    )
    return {who for who in found if who in _EVERYBODY}


def _warning(path: str, text: str, reason: str) -> Detail:
    return Detail(path, text, Loss.WARNING, reason)
