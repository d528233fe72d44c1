"""Monitoring v3: notification channels.

Secrets travel inside `labels`, are kept apart, and come back with all but their
last four characters hidden, as Google does it.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ..api_errors import invalid, not_found, precondition
from ..call import Call, Registry
from ..clock import parse_rfc3339, rfc3339
from ..crud import Collection
from ..store import Resource
from .alerting import POLICIES

_ROOT = "monitoring.projects.notificationChannels"
_DESCRIPTORS = "monitoring.projects.notificationChannelDescriptors"
_SHOWN = 4


@dataclass(frozen=True)
class ChannelType:
    """Labels of one kind of channel; `verified` ones need a code before use."""

    title: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    verified: bool = False


TYPES = {
    "email": ChannelType("Email", ("email_address",)),
    "google_chat": ChannelType("Google Chat", ("space",)),
    "pagerduty": ChannelType("PagerDuty", ("service_key",), sensitive=("service_key",)),
    "pubsub": ChannelType("Cloud Pub/Sub", ("topic",)),
    "slack": ChannelType(
        "Slack", ("channel_name",), ("auth_token", "team"), sensitive=("auth_token",)
    ),
    "sms": ChannelType("SMS", ("number",), verified=True),
    "webhook_basicauth": ChannelType(
        "Webhook with Basic Authentication", ("url", "username"), ("password",), ("password",)
    ),
    "webhook_tokenauth": ChannelType("Webhook with Token Authentication", ("url",)),
}


def _mask(value: str) -> str:
    return "*" * max(len(value) - _SHOWN, 0) + value[-_SHOWN:]


def _prepare(call: Call, channel: Resource, old: Resource | None) -> None:
    body = channel.body
    kind = TYPES.get(body.get("type", ""))
    if kind is None:
        raise invalid(
            f'Field notificationChannel.type had an invalid value of "{body.get("type", "")}":'
            " Unrecognized notification channel type.",
            "notification_channel.type",
        )
    if old is not None and old.body["type"] != body["type"]:
        raise invalid("The type of a channel cannot change.", "notification_channel.type")
    labels = body.get("labels", {})
    _check_labels(kind, labels)
    kept = channel.private.get("secrets", {})
    channel.private["secrets"] = {
        name: kept[name]
        # A client that sends back what it read means: leave the secret alone.
        if name in kept and labels[name] == _mask(kept[name])
        else labels[name]
        for name in kind.sensitive
        if name in labels
    }
    for name, value in channel.private["secrets"].items():
        labels[name] = _mask(value)
    body.setdefault("enabled", True)
    body.pop("verificationStatus", None)
    if kind.verified:
        status = old.body["verificationStatus"] if old else "UNVERIFIED"
        changed = old is not None and old.body["labels"] != labels
        body["verificationStatus"] = "UNVERIFIED" if changed else status
    record = {"mutateTime": call.now, "mutatedBy": call.cloud.caller}
    body["creationRecord"] = old.body["creationRecord"] if old else record
    body["mutationRecords"] = [*(old.body["mutationRecords"] if old else []), record]


def _check_labels(kind: ChannelType, labels: dict[str, str]) -> None:
    for name in kind.required:
        if not labels.get(name):
            raise invalid(
                f"Field notificationChannel.labels is missing the required label '{name}'.",
                f"notification_channel.labels['{name}']",
            )
    for name in labels.keys() - {*kind.required, *kind.optional}:
        raise invalid(
            f"Field notificationChannel.labels has a label '{name}' unknown to {kind.title}.",
            f"notification_channel.labels['{name}']",
        )


def _users(call: Call, channel: Resource) -> list[Resource]:
    policies = call.tx.children(POLICIES.kind, channel.parent)
    return [item for item in policies if channel.name in item.body.get("notificationChannels", [])]


def _release(call: Call, channel: Resource) -> None:
    users = _users(call, channel)
    if users and not call.query.get("force"):
        names = ", ".join(item.name for item in users)
        raise precondition(
            f"Cannot delete notification channel {channel.name}. It is in use by {names}."
        )
    for policy in users:
        policy.body["notificationChannels"].remove(channel.name)
        for one in policy.body.get("alertStrategy", {}).get("notificationChannelStrategy", []):
            names = one.get("notificationChannelNames", [])
            one["notificationChannelNames"] = [name for name in names if name != channel.name]
        if not policy.body["notificationChannels"]:
            del policy.body["notificationChannels"]
        call.tx.update(policy)


CHANNELS = Collection(_ROOT, "notificationChannels", prepare=_prepare, before_delete=_release)


def register(registry: Registry) -> None:
    CHANNELS.register(registry)
    registry.add(f"{_ROOT}.sendVerificationCode")(send_code)
    registry.add(f"{_ROOT}.getVerificationCode")(get_code)
    registry.add(f"{_ROOT}.verify")(verify)
    registry.add(f"{_DESCRIPTORS}.list")(list_descriptors)
    registry.add(f"{_DESCRIPTORS}.get")(get_descriptor)


def send_code(call: Call) -> dict[str, Any]:
    """Deliver a code into the inbox folder, where the owner of the channel would read it."""
    channel = CHANNELS.find(call)
    code = _new_code(call, channel, call.cloud.clock.now() + timedelta(hours=1))
    inbox = call.cloud.data_dir / "inbox"
    message = {"channel": channel.name, "labels": channel.body.get("labels", {}), "code": code}

    def deliver() -> None:
        inbox.mkdir(parents=True, exist_ok=True)
        path = inbox / f"verification-{channel.name.rsplit('/', 1)[-1]}.json"
        path.write_text(json.dumps(message, indent=2) + "\n")

    call.after_commit.append(deliver)
    return {}


def get_code(call: Call) -> dict[str, Any]:
    """A code to verify a copy of this channel elsewhere; only a verified channel has one."""
    channel = CHANNELS.find(call)
    if channel.body.get("verificationStatus") != "VERIFIED":
        raise precondition(f"Notification channel {channel.name} is not verified.")
    wanted = call.body.get("expireTime")
    now = call.cloud.clock.now()
    expires = parse_rfc3339(wanted) if wanted else now + timedelta(hours=1)
    return {"code": _new_code(call, channel, expires), "expireTime": rfc3339(expires)}


def verify(call: Call) -> dict[str, Any]:
    channel = CHANNELS.find(call)
    codes = channel.private.get("codes", {})
    expires = codes.get(call.body["code"])
    if expires is None or parse_rfc3339(expires) < call.cloud.clock.now():
        raise invalid("The verification code is wrong or has expired.", "code")
    if "verificationStatus" in channel.body:
        channel.body["verificationStatus"] = "VERIFIED"
    channel.private["codes"] = {}
    call.tx.update(channel)
    return channel.body


def _new_code(call: Call, channel: Resource, expires: Any) -> str:
    code = f"G-{secrets.randbelow(900000) + 100000}"
    channel.private.setdefault("codes", {})[code] = rfc3339(expires)
    call.tx.update(channel)
    return code


def _descriptor(call: Call, name: str) -> dict[str, Any]:
    kind = TYPES[name]
    return {
        "name": f"projects/{call.cloud.project}/notificationChannelDescriptors/{name}",
        "type": name,
        "displayName": kind.title,
        "labels": [{"key": label} for label in (*kind.required, *kind.optional)],
        "launchStage": "GA",
    }


def list_descriptors(call: Call) -> dict[str, Any]:
    _ = call.target  # refuses another project
    return {"channelDescriptors": [_descriptor(call, name) for name in TYPES]}


def get_descriptor(call: Call) -> dict[str, Any]:
    name = call.target.rsplit("/", 1)[-1]
    if name not in TYPES:
        raise not_found(f"Unrecognized notification channel type {name!r}.")
    return _descriptor(call, name)
