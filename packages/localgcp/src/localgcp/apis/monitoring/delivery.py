"""Delivers notifications: into the inbox, and for Pub/Sub channels to their topic, too."""

from __future__ import annotations

import json
from typing import Any

from ..call import Cloud
from ..clock import rfc3339
from ..services import pubsub
from ..store import Transaction

_CHANNEL = "monitoring.projects.notificationChannels"


def deliver(
    tx: Transaction, cloud: Cloud, channel_name: str, message: dict[str, Any], time: str
) -> bool:
    """Send a notification to one channel at `time`; False when it is off or gone."""
    channel = tx.get(_CHANNEL, channel_name)
    if channel is None or not channel.body.get("enabled", True):
        return False
    incident = message["incident"]
    body = {
        "channel": {
            "name": channel.name,
            "type": channel.body["type"],
            "displayName": channel.body.get("displayName", ""),
            "labels": channel.body.get("labels", {}),
        },
        "payload": message,
    }
    tx.sql.execute(
        "INSERT INTO notification (time, incident, state, channel, body) VALUES (?, ?, ?, ?, ?)",
        (time, incident["incident_id"], incident["state"], channel.name, json.dumps(body)),
    )
    if channel.body["type"] == "pubsub":
        topic = channel.body["labels"]["topic"]
        now = rfc3339(cloud.clock.now())
        pubsub.publish(
            tx, topic, json.dumps(message).encode(), {"version": message["version"]}, now
        )
    return True


def inbox(tx: Transaction, *, after: int = 0) -> list[dict[str, Any]]:
    """Notifications of later numbers, oldest first, as the inbox shows them."""
    rows = tx.sql.execute(
        "SELECT number, time, body FROM notification WHERE number > ? ORDER BY number", (after,)
    )
    return [{"number": number, "time": time, **json.loads(body)} for number, time, body in rows]


def newest(tx: Transaction) -> int:
    """The number of the last notification; 0 without any."""
    (found,) = tx.sql.execute("SELECT COALESCE(MAX(number), 0) FROM notification").fetchone()
    return found


def clear(tx: Transaction) -> int:
    """Empty the inbox; how many notifications were in it."""
    return tx.sql.execute("DELETE FROM notification").rowcount
