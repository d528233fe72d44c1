"""The record of a token, also of a type that has none."""

from __future__ import annotations

from collections.abc import Mapping

from gcptypes.records import RECORDS
from gcptypes.resource_type import ResourceType, grant

TYPES: Mapping[str, ResourceType] = {one.token: one for one in RECORDS}
# What an unknown type is replaced for, if it holds something.
_OTHERS_REPLACE = frozenset({"location", "name", "region"})
_GRANTS = ("IamMember", "IAMMember", "IamBinding", "IAMBinding", "IamPolicy", "IAMPolicy")


def is_grant(token: str) -> bool:
    """Whether a type is an IAM grant: every change of one is a new one."""
    return token.endswith(_GRANTS)


def known(token: str) -> ResourceType:
    """The record of a type; of an unknown one what is safe to take for true."""
    if token in TYPES:
        return TYPES[token]
    if is_grant(token):
        return grant(token)
    return ResourceType(token, replaces=_OTHERS_REPLACE)
