"""The catalogue of notification channels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import StringConstraints, model_validator

from bqstack import templates
from bqstack.documents import Section, load_document
from bqstack.errors import UserError
from eros.project.settings import NAMESPACE, PROJECT_ROOT, Settings

FILE = Path("config/channels.yaml")
# Labels of each type: those that it needs and those that it may have.
# https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.notificationChannelDescriptors
_LABELS: dict[str, tuple[set[str], set[str]]] = {
    "email": ({"email_address"}, set()),
    "google_chat": ({"space"}, set()),
    "pagerduty": ({"service_key"}, set()),
    "pubsub": ({"topic"}, set()),
    "slack": ({"channel_name", "auth_token"}, {"team"}),
    "webhook_basicauth": ({"url", "username", "password"}, set()),
    "webhook_tokenauth": ({"url"}, set()),
}
Sensitive = Literal["auth_token", "password", "service_key"]
SecretName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9]*$")]


class Channel(Section):
    """One entry of config/channels.yaml.

    `sensitive_labels` and `secret_labels` name entries of eros:secrets; their values are
    never part of this model. With `enabled_by` the channel exists only in stacks that have
    that entry in eros:contacts.
    """

    title: str
    type: Literal[
        "email",
        "google_chat",
        "pagerduty",
        "pubsub",
        "slack",
        "webhook_basicauth",
        "webhook_tokenauth",
    ]
    labels: dict[str, str] = {}
    sensitive_labels: dict[Sensitive, SecretName] = {}
    secret_labels: dict[str, SecretName] = {}
    enabled_by: str | None = None

    @model_validator(mode="after")
    def _labels_fit_the_type(self) -> Channel:
        required, optional = _LABELS[self.type]
        in_clear = sorted({"auth_token", "password", "service_key"} & self.labels.keys())
        if in_clear:
            raise ValueError(f"the label {in_clear[0]!r} is a secret: move it to sensitiveLabels")
        given = {*self.labels, *self.sensitive_labels, *self.secret_labels}
        for label in sorted(required - given):
            raise ValueError(f"a {self.type} channel needs the label {label!r}")
        for label in sorted(given - required - optional):
            known = ", ".join(sorted(required | optional))
            raise ValueError(f"type {self.type} has no label {label!r}, only: {known}")
        return self


class Document(Section):
    """config/channels.yaml."""

    channels: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")], Channel]


def names(root: Path = PROJECT_ROOT) -> frozenset[str]:
    """Names of all channels that the file declares; raises UserError."""
    return frozenset(load_document(Document, root / FILE, root).channels)


def load(settings: Settings, root: Path = PROJECT_ROOT) -> dict[str, Channel]:
    """Channels of a stack with the settings filled in; raises UserError.

    A sandbox has none in Google's cloud: nobody is notified of it. On the local cloud they lead to
    the inbox.

    A channel whose secret the stack does not have is an error that tells how to set it.
    """
    found: dict[str, Channel] = {}
    if not settings.notifies:
        return found
    for name, entry in load_document(Document, root / FILE, root).channels.items():
        if entry.enabled_by is None or settings.contacts.get(entry.enabled_by):
            _check_secrets(name, entry, settings)
            found[name] = _rendered(name, entry, settings)
    return found


def _check_secrets(name: str, channel: Channel, settings: Settings) -> None:
    for secret in (*channel.sensitive_labels.values(), *channel.secret_labels.values()):
        if secret not in settings.secrets:
            key = f"{NAMESPACE}:secrets.{secret}"
            contact = f"{NAMESPACE}:contacts.{channel.enabled_by}" if channel.enabled_by else key
            raise UserError(
                f"channel {name} needs the secret {key}",
                file=f"Pulumi.{settings.stack}.yaml",
                key=contact,
                fix=f"pulumi config set --secret --path '{key}' VALUE --stack {settings.stack}",
            )


def _rendered(name: str, channel: Channel, settings: Settings) -> Channel:
    context = {
        "project": settings.project,
        "environment": settings.environment,
        "alert_email": settings.alert_email,
        "contacts": settings.contacts,
    }
    labels = {
        key: templates.fill(text, context, FILE, f"channels.{name}.labels.{key}")
        for key, text in channel.labels.items()
    }
    own, _, topic = labels.get("topic", "").partition("/topics/")
    if own == f"projects/{settings.project}":
        labels["topic"] = f"{own}/topics/{settings.names.topic(topic)}"
    title = settings.names.title(channel.title)
    return channel.model_copy(update={"title": title, "labels": labels})
