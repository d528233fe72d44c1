"""The catalogue of notification channels."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import jinja2
from pydantic.alias_generators import to_snake

from eros.errors import UserError
from eros.settings import PROJECT_ROOT, Settings
from eros.validation import Section, load_document

FILE = Path("config/channels.yaml")


class Channel(Section):
    """One entry of config/channels.yaml.

    `labels` are those of the channel's type in Cloud Monitoring. With `enabled_by` the
    channel exists only in stacks that set that key.
    """

    title: str
    type: Literal["email", "slack"]
    labels: dict[str, str]
    enabled_by: Literal["slackChannel"] | None = None


class Document(Section):
    """config/channels.yaml."""

    channels: dict[str, Channel]


def load(settings: Settings, root: Path = PROJECT_ROOT) -> dict[str, Channel]:
    """Channels of a stack with the settings filled in; raises UserError."""
    channels = load_document(Document, root / FILE, root).channels
    return {
        name: _rendered(name, entry, settings)
        for name, entry in channels.items()
        if entry.enabled_by is None or getattr(settings, to_snake(entry.enabled_by))
    }


def _rendered(name: str, channel: Channel, settings: Settings) -> Channel:
    context = settings.model_dump()
    labels = {}
    for key, text in channel.labels.items():
        try:
            template = jinja2.Template(text, undefined=jinja2.StrictUndefined)
            labels[key] = template.render(context)
        except jinja2.TemplateError as error:
            raise UserError(
                f"template: {error.message}", file=FILE, key=f"channels.{name}.labels.{key}"
            ) from None
    return channel.model_copy(update={"labels": labels})
