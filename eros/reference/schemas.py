"""JSON schemas of config/*.yaml, by which an editor completes and checks the files.

Each is made from what loads the file, so the two cannot differ. What a schema cannot say (a view
that exists, a rule that supersedes itself) the loader still refuses.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from bqstack.documents import Section
from eros.project import alerts, channels, figures, schedules
from eros.reference import dashboard_schema

FOLDER = Path("config/schemas")
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DOCUMENTS: dict[Path, type[Section]] = {
    alerts.FILE: alerts.Document,
    channels.FILE: channels.Document,
    figures.FILE: figures.Document,
    schedules.FILE: schedules.Document,
}


def schemas() -> dict[Path, str]:
    """Text of every schema by its path below the project's folder."""
    found = {
        FOLDER / f"{file.stem}.json": model.model_json_schema(schema_generator=_Generator)
        for file, model in _DOCUMENTS.items()
    }
    found[FOLDER / "dashboard.json"] = dashboard_schema.json_schema()
    return {path: _text(schema) for path, schema in found.items()}


def _text(schema: dict[str, Any]) -> str:
    return json.dumps({"$schema": _DIALECT, **schema}, indent=2, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """As a person writes the file: no titles made of names, no null for what is left out."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never: the title would be the key again."""
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """The value alone: a key that is not wanted is left out."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """The value, and its default where the file would say it with the same word."""
        inner = super().default_schema(schema)
        # A duration is written as a text and kept as minutes.
        as_written = isinstance(inner.get("default"), str)
        if not as_written:
            inner.pop("default", None)
        return inner

    def generate_inner(self, schema: Any) -> JsonSchemaValue:
        """A text without the limits of the number that is made of it (`ge`, `le`)."""
        inner = super().generate_inner(schema)
        if inner.get("type") == "string":
            inner = {key: value for key, value in inner.items() if key not in ("ge", "le")}
        return inner

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """A mapping whose keys have a pattern has no other keys."""
        inner = super().dict_schema(schema)
        if "patternProperties" in inner:
            inner["additionalProperties"] = False
        return inner
