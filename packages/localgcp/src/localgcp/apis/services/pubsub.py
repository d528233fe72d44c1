"""Pub/Sub v1: topics, pull subscriptions and their messages.

A message goes to every subscription that exists when it is published, and is kept until
acknowledged. Schemas and snapshots are not served, and a subscription that asks for more than to
be pulled from (`_NOT_SERVED`) is refused.
"""

from __future__ import annotations

import base64
import json
import secrets
from datetime import timedelta
from typing import Any

from .. import iam_policy
from ..api_errors import already_exists, invalid, not_found
from ..call import Call, Registry
from ..clock import sortable
from ..masks import apply_mask
from ..store import Resource, Transaction

TOPIC = "pubsub.projects.topics"
SUBSCRIPTION = "pubsub.projects.subscriptions"
_DELETED_TOPIC = "_deleted-topic_"
_DEFAULT_ACK_SECONDS = 10
# Fields of a subscription whose effect nobody would see here.
_NOT_SERVED = {
    "bigqueryConfig": "Delivery into BigQuery",
    "cloudStorageConfig": "Delivery into Cloud Storage",
    "deadLetterPolicy": "A dead letter topic",
    "enableMessageOrdering": "Ordering",
    "filter": "A filter",
}
_FIXED = {"name", "topic", "filter", "enableMessageOrdering"}


def register(registry: Registry) -> None:
    _register_common(registry, TOPIC, "topics")
    _register_common(registry, SUBSCRIPTION, "subscriptions")
    registry.add(f"{TOPIC}.create")(create_topic)
    registry.add(f"{TOPIC}.patch")(patch_topic)
    registry.add(f"{TOPIC}.delete")(delete_topic)
    registry.add(f"{TOPIC}.publish")(publish_request)
    registry.add(f"{TOPIC}.subscriptions.list")(list_topic_subscriptions)
    registry.add(f"{SUBSCRIPTION}.create")(create_subscription)
    registry.add(f"{SUBSCRIPTION}.patch")(patch_subscription)
    registry.add(f"{SUBSCRIPTION}.delete")(delete_subscription)
    registry.add(f"{SUBSCRIPTION}.pull")(pull)
    registry.add(f"{SUBSCRIPTION}.acknowledge")(acknowledge)
    registry.add(f"{SUBSCRIPTION}.modifyAckDeadline")(modify_deadline)


def _register_common(registry: Registry, kind: str, segment: str) -> None:
    registry.add(f"{kind}.get")(lambda call: _find(call, kind).body)
    registry.add(f"{kind}.list")(lambda call: _list(call, kind, segment))
    registry.add(f"{kind}.getIamPolicy")(lambda call: iam_policy.read(call, _find(call, kind).name))
    registry.add(f"{kind}.setIamPolicy")(
        lambda call: iam_policy.write(call, _find(call, kind).name, call.body.get("policy", {}))
    )
    registry.add(f"{kind}.testIamPermissions")(
        lambda call: {"permissions": call.body.get("permissions", [])}
    )


def publish(
    tx: Transaction, topic: str, data: bytes, attributes: dict[str, str], now: str
) -> str | None:
    """Send one message; None when there is no such topic."""
    if tx.get(TOPIC, topic) is None:
        return None
    message_id = str(10**15 + tx.next_id("pubsub.message"))
    message = {
        "data": base64.b64encode(data).decode(),
        "attributes": attributes,
        "messageId": message_id,
        "publishTime": now,
    }
    _deliver(tx, topic, {key: value for key, value in message.items() if value})
    return message_id


def _deliver(tx: Transaction, topic: str, message: dict[str, Any]) -> None:
    tx.sql.executemany(
        "INSERT INTO delivery (subscription, message) VALUES (?, ?)",
        [
            (item.name, json.dumps(message))
            for item in tx.all(SUBSCRIPTION)
            if item.body["topic"] == topic
        ],
    )


def _find(call: Call, kind: str) -> Resource:
    found = call.tx.get(kind, call.target)
    if found is None:
        raise not_found(f"Resource not found (resource={call.target.rsplit('/', 1)[-1]}).")
    return found


def _list(call: Call, kind: str, segment: str) -> dict[str, Any]:
    chosen, token = call.page(call.tx.children(kind, call.target))
    answer: dict[str, Any] = {segment: [item.body for item in chosen]} if chosen else {}
    return {**answer, "nextPageToken": token} if token else answer


def _insert(call: Call, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    name = call.target
    short = name.rsplit("/", 1)[-1]
    if not short[:1].isalpha() or not 3 <= len(short) <= 255 or short.startswith("goog"):
        raise invalid(f"Invalid resource name given (name={name}).", "name")
    if call.tx.get(kind, name):
        raise already_exists(f"Resource already exists in the project (resource={short}).")
    parent = "/".join(name.split("/")[:2])
    resource = Resource(kind, name, parent, {**body, "name": name})
    call.tx.insert(resource)
    return resource.body


def _patch(call: Call, kind: str, field: str) -> dict[str, Any]:
    resource = _find(call, kind)
    mask = call.body.get("updateMask", "")
    if not mask:
        raise invalid("The update_mask in the request must be set, and must be non-empty.")
    changed = {part.split(".")[0] for part in mask.split(",")}
    if changed & _FIXED:
        raise invalid(f"Fields cannot be updated: {', '.join(sorted(changed & _FIXED))}.")
    request = call.method.request or {}
    schema = call.method.api.schemas[request["properties"][field]["$ref"]]
    resource.body = apply_mask(call.method.api, schema, resource.body, call.body[field], mask)
    call.tx.update(resource)
    return resource.body


def create_topic(call: Call) -> dict[str, Any]:
    return _insert(call, TOPIC, call.body)


def patch_topic(call: Call) -> dict[str, Any]:
    return _patch(call, TOPIC, "topic")


def delete_topic(call: Call) -> dict[str, Any]:
    topic = _find(call, TOPIC)
    # Subscriptions outlive their topic.
    for item in call.tx.all(SUBSCRIPTION):
        if item.body["topic"] == topic.name:
            item.body["topic"] = _DELETED_TOPIC
            call.tx.update(item)
    call.tx.delete(TOPIC, topic.name)
    iam_policy.remove(call, topic.name)
    return {}


def publish_request(call: Call) -> dict[str, Any]:
    topic = _find(call, TOPIC)
    messages = call.body.get("messages", [])
    if not messages:
        raise invalid("The request contains no messages.", "messages")
    ids = []
    for message in messages:
        if not message.get("data") and not message.get("attributes"):
            raise invalid("One or more messages in the publish request is empty.", "messages")
        ids.append(
            publish(
                call.tx,
                topic.name,
                base64.b64decode(message.get("data", "")),
                message.get("attributes", {}),
                call.now,
            )
        )
    return {"messageIds": ids}


def list_topic_subscriptions(call: Call) -> dict[str, Any]:
    topic = _find(call, TOPIC)
    rows = [item for item in call.tx.all(SUBSCRIPTION) if item.body["topic"] == topic.name]
    chosen, token = call.page(rows)
    answer: dict[str, Any] = {"subscriptions": [item.name for item in chosen]} if chosen else {}
    return {**answer, "nextPageToken": token} if token else answer


def create_subscription(call: Call) -> dict[str, Any]:
    _refuse_what_is_not_served(call.body)
    topic = call.body["topic"]
    if call.tx.get(TOPIC, topic) is None:
        raise not_found(f"Resource not found (resource={topic.rsplit('/', 1)[-1]}).")
    defaults = {
        "ackDeadlineSeconds": _DEFAULT_ACK_SECONDS,
        "messageRetentionDuration": "604800s",
        "expirationPolicy": {"ttl": "2678400s"},
        "pushConfig": {},
        "state": "ACTIVE",
    }
    return _insert(call, SUBSCRIPTION, {**defaults, **call.body})


def _refuse_what_is_not_served(body: dict[str, Any]) -> None:
    if body.get("pushConfig", {}).get("pushEndpoint"):
        raise invalid(
            "Push delivery is not served by the local cloud; pull instead.", "push_config"
        )
    for field, what in _NOT_SERVED.items():
        if body.get(field):
            raise invalid(f"{what} is not served by the local cloud.", field)


def patch_subscription(call: Call) -> dict[str, Any]:
    _refuse_what_is_not_served(call.body.get("subscription", {}))
    return _patch(call, SUBSCRIPTION, "subscription")


def delete_subscription(call: Call) -> dict[str, Any]:
    subscription = _find(call, SUBSCRIPTION)
    call.tx.delete(SUBSCRIPTION, subscription.name)
    call.tx.sql.execute("DELETE FROM delivery WHERE subscription = ?", (subscription.name,))
    iam_policy.remove(call, subscription.name)
    return {}


def pull(call: Call) -> dict[str, Any]:
    """Messages that nobody holds at the moment, leased for the ack deadline."""
    subscription = _find(call, SUBSCRIPTION)
    limit = call.body.get("maxMessages", 0)
    if limit < 1:
        raise invalid("The value for max_messages is too small.", "max_messages")
    rows = call.tx.sql.execute(
        "SELECT seq, message FROM delivery"
        " WHERE subscription = ? AND lease_until <= ? ORDER BY seq LIMIT ?",
        (subscription.name, sortable(call.cloud.clock.now()), limit),
    ).fetchall()
    seconds = subscription.body.get("ackDeadlineSeconds", _DEFAULT_ACK_SECONDS)
    until = sortable(call.cloud.clock.now() + timedelta(seconds=seconds))
    received = []
    for seq, message in rows:
        call.tx.sql.execute(
            "UPDATE delivery SET lease_until = ? WHERE seq = ?",
            (until, seq),
        )
        ack_id = base64.urlsafe_b64encode(f"{seq}:{secrets.token_hex(4)}".encode()).decode()
        received.append({"ackId": ack_id, "message": json.loads(message)})
    return {"receivedMessages": received} if received else {}


def acknowledge(call: Call) -> dict[str, Any]:
    subscription = _find(call, SUBSCRIPTION)
    call.tx.sql.executemany(
        "DELETE FROM delivery WHERE subscription = ? AND seq = ?",
        [(subscription.name, seq) for seq in _sequences(call)],
    )
    return {}


def modify_deadline(call: Call) -> dict[str, Any]:
    subscription = _find(call, SUBSCRIPTION)
    seconds = call.body.get("ackDeadlineSeconds", 0)
    until = sortable(call.cloud.clock.now() + timedelta(seconds=seconds)) if seconds else ""
    call.tx.sql.executemany(
        "UPDATE delivery SET lease_until = ? WHERE subscription = ? AND seq = ?",
        [(until, subscription.name, seq) for seq in _sequences(call)],
    )
    return {}


def _sequences(call: Call) -> list[int]:
    try:
        return [
            int(base64.urlsafe_b64decode(ack_id).split(b":")[0])
            for ack_id in call.body.get("ackIds", [])
        ]
    except ValueError:
        raise invalid("You have passed an invalid ack ID to the service.", "ack_ids") from None
