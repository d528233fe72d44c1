"""Agents of Google's services: accounts that exist from a moment on, not from the beginning.

Google refuses a grant to one that does not exist yet.
"""

from __future__ import annotations

from .call import Call
from .store import Resource

KIND = "iam.serviceAgents"
TRANSFERS = "bigquerydatatransfer.googleapis.com"
_DOMAINS = {TRANSFERS: "gcp-sa-bigquerydatatransfer"}
"""Services whose agent is known here, with the first part of its domain."""


def _email(call: Call, service: str) -> str | None:
    domain = _DOMAINS.get(service)
    if domain is None:
        return None
    return f"service-{call.cloud.project_number}@{domain}.iam.gserviceaccount.com"


def make(call: Call, service: str) -> dict[str, str]:
    """Make a service's agent unless it is there; its identity, empty where none is known."""
    address = _email(call, service)
    if address is None:
        return {}
    found = call.tx.get(KIND, address)
    if found is None:
        unique_id = f"1{call.cloud.project_number:0>17}{call.tx.next_id(KIND):03d}"
        found = Resource(KIND, address, "", {"uniqueId": unique_id})
        call.tx.insert(found)
    return {"email": address, "uniqueId": found.body["uniqueId"]}


def is_missing(call: Call, address: str) -> bool:
    """Whether this is the address of an agent that nobody asked for and no use has made."""
    if address not in {_email(call, service) for service in _DOMAINS}:
        return False
    return call.tx.get(KIND, address) is None
