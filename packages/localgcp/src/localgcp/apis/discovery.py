"""Routes and schemas out of Google's discovery documents.

The documents ship inside google-api-python-client. All ten take about 40 ms to
parse, so nothing is cached on disk.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

DOCUMENTS = (
    "bigquerydatatransfer.v1",
    "cloudbilling.v1",
    "cloudresourcemanager.v1",
    "iam.v1",
    "logging.v2",
    "monitoring.v1",
    "monitoring.v3",
    "pubsub.v1",
    "serviceusage.v1",
    "storage.v1",
)

# Methods that only another version of an API has. Google serves them below that version; the
# gcp plugin asks below the version of the endpoint that it was configured with.
_OF_OTHER_VERSIONS = (("serviceusage.v1beta1", "serviceusage.services.generateServiceIdentity"),)

# Parameters that Google takes in the query although the documents have them in the body only:
# the gcp plugin has always sent them there.
ALSO_IN_QUERY = {
    f"pubsub.projects.{collection}.patch": {"updateMask": {"type": "string"}}
    for collection in ("subscriptions", "topics")
}

_PLACEHOLDER = re.compile(r"\{(\+?)(\w+)\}")
# googleapis REST clients send `$alt`, which the documents do not list.
_SYSTEM_PARAMETERS = {"$alt": {"type": "string", "location": "query"}}


@dataclass(frozen=True)
class Api:
    """One version of one API: its name and its message schemas."""

    name: str
    version: str
    schemas: dict[str, Any]


@dataclass(frozen=True)
class Method:
    """One method: how a request finds it and what the request may hold."""

    api: Api
    id: str
    http_method: str
    regex: re.Pattern[str]
    rank: tuple[bool, int]
    path_names: tuple[str, ...]
    query: dict[str, Any]
    request_schema: str | None
    upload: bool = False

    @cached_property
    def request(self) -> dict[str, Any] | None:
        """The schema of the request body, or None for a method without one."""
        return None if self.request_schema is None else self.api.schemas[self.request_schema]


class Router:
    """Finds the method that a request means.

    A path may fit several templates (`projects/p/topics/t:getIamPolicy` also
    looks like a topic name); the one with a custom verb, then the one with most
    literal text, is the right one.
    """

    def __init__(self, methods: list[Method]) -> None:
        self._by_id = {method.id: method for method in methods}
        self._by_key: dict[tuple[str, str], list[Method]] = {}
        for method in sorted(methods, key=lambda item: item.rank, reverse=True):
            self._by_key.setdefault((method.api.name, method.http_method), []).append(method)

    def method(self, method_id: str) -> Method:
        """The method with an id; KeyError when no document has it."""
        return self._by_id[method_id]

    def match(self, api: str, http_method: str, path: str) -> tuple[Method, dict[str, str]] | None:
        """The method and its decoded path parameters.

        `path` is percent-encoded and starts after the API's name: %2F inside a
        name must not be taken for a separator.
        """
        for method in self._by_key.get((api, http_method), ()):
            found = method.regex.fullmatch(path)
            if found:
                values = (unquote(value) for value in found.groups())
                return method, dict(zip(method.path_names, values, strict=True))
        return None


@cache
def load_router(documents: tuple[str, ...] = DOCUMENTS) -> Router:
    """All routes of these APIs, by default of all that are served."""
    folder = files("googleapiclient") / "discovery_cache" / "documents"
    methods: list[Method] = []
    for name in documents:
        methods.extend(_of_document((folder / f"{name}.json").read_bytes()))
    for name, method_id in _OF_OTHER_VERSIONS:
        text = (folder / f"{name}.json").read_bytes()
        version = name.partition(".")[2].encode()
        for document in (text, text.replace(version + b"/{", b"v1/{")):
            methods.extend(item for item in _of_document(document) if item.id == method_id)
    return Router(methods)


def _of_document(text: bytes) -> list[Method]:
    document = json.loads(text)
    api = Api(document["name"], document["version"], document["schemas"])
    common = {**document["parameters"], **_SYSTEM_PARAMETERS}
    return [
        route
        for spec in _methods(document)
        for route in _routes(api, document["servicePath"], common, spec)
    ]


@cache
def known_services() -> frozenset[str]:
    """Service names that can be enabled: every API that has a discovery document."""
    folder = files("googleapiclient") / "discovery_cache" / "documents"
    stems = {entry.name.split(".")[0] for entry in folder.iterdir() if entry.name.endswith(".json")}
    # The Storage API of BigQuery is gRPC only and has no document.
    return frozenset(f"{stem}.googleapis.com" for stem in stems | {"bigquerystorage"})


def _methods(node: dict[str, Any]) -> list[dict[str, Any]]:
    own = list(node.get("methods", {}).values())
    for child in node.get("resources", {}).values():
        own.extend(_methods(child))
    return own


def _routes(
    api: Api, service_path: str, common: dict[str, Any], spec: dict[str, Any]
) -> list[Method]:
    parameters = spec.get("parameters", {})
    query = {k: v for k, v in parameters.items() if v["location"] == "query"}
    query |= ALSO_IN_QUERY.get(spec["id"], {})
    routes = [(service_path + spec["path"], False)]
    for protocol in spec.get("mediaUpload", {}).get("protocols", {}).values():
        routes.append((protocol["path"].lstrip("/"), True))
    if spec["id"] == "storage.objects.get":
        routes.append((f"download/{service_path}{spec['path']}", False))
    return [
        Method(
            api=api,
            id=spec["id"],
            http_method=spec["httpMethod"],
            regex=regex,
            rank=rank,
            path_names=names,
            query={**common, **query},
            request_schema=spec.get("request", {}).get("$ref"),
            upload=upload,
        )
        for template, upload in routes
        for regex, rank, names in [_compile(template, parameters)]
    ]


def _compile(
    template: str, parameters: dict[str, Any]
) -> tuple[re.Pattern[str], tuple[bool, int], tuple[str, ...]]:
    pieces: list[str] = []
    names: list[str] = []
    position = 0
    for hole in _PLACEHOLDER.finditer(template):
        pieces.append(re.escape(template[position : hole.start()]))
        reserved, name = hole.groups()
        pattern = parameters[name].get("pattern") if reserved else None
        # Patterns hold no groups of their own, so one group is one parameter.
        pieces.append("(" + (pattern or "[^/]+").removeprefix("^").removesuffix("$") + ")")
        names.append(name)
        position = hole.end()
    tail = template[position:]
    pieces.append(re.escape(tail))
    source = "".join(pieces)
    literal = len(source.replace("[^/]+", "").replace(".*", ""))
    return re.compile(source), (":" in tail, literal), tuple(names)
