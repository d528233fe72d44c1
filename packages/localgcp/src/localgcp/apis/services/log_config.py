"""Logging v2: log-based metrics, project log buckets and sinks.

What a bucket holds: `..log_routing`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from .. import log_routing, logfilter, long_running
from ..api_errors import invalid, not_found, precondition
from ..call import Call, Registry
from ..clock import rfc3339
from ..crud import Collection
from ..monitoring import log_metrics, samples
from ..store import Resource
from .metric_descriptors import LOG_METRIC_KIND, USER_LOG_PREFIX

_METRIC_ID = re.compile(r"[A-Za-z0-9_\-.,+!*',()%/]{1,100}")
_SHORT_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,99}")
_DESTINATION = re.compile(r"(storage|bigquery|pubsub|logging)\.googleapis\.com/.+")
_BUCKET = log_routing.BUCKET
_OPERATION = "logging.projects.locations.operations"
_TYPE = "type.googleapis.com/google.logging.v2"
_LOG_WRITER = "serviceAccount:service-{number}@gcp-sa-logging.iam.gserviceaccount.com"


def register(registry: Registry) -> None:
    METRICS.register(registry)
    SINKS.register(registry, without=("patch",))
    registry.add(f"{SINKS.kind}.patch", f"{SINKS.kind}.update")(update_sink)
    registry.add(f"{_BUCKET}.create")(BUCKETS.create)
    registry.add(f"{_BUCKET}.createAsync")(create_bucket_async)
    registry.add(f"{_BUCKET}.updateAsync")(update_bucket_async)
    registry.add(f"{_OPERATION}.get")(long_running.reader(_OPERATION))
    registry.add(f"{_BUCKET}.get")(get_bucket)
    registry.add(f"{_BUCKET}.list")(list_buckets)
    registry.add(f"{_BUCKET}.patch")(patch_bucket)
    registry.add(f"{_BUCKET}.delete")(delete_bucket)
    registry.add(f"{_BUCKET}.undelete")(undelete_bucket)


# Log-based metrics


def _metric_id(call: Call) -> str:
    name = call.body["name"]
    if not _METRIC_ID.fullmatch(name) or name.startswith("/"):
        raise invalid(f"Invalid metric name: {name}", "metric.name")
    return name


def _prepare_metric(call: Call, metric: Resource, old: Resource | None) -> None:
    body = metric.body
    name = metric.name.split("/metrics/", 1)[1]
    body["name"] = name
    logfilter.parse(body["filter"])
    descriptor = dict(body.get("metricDescriptor", {}))
    descriptor["name"] = f"{metric.parent}/metricDescriptors/{USER_LOG_PREFIX}{name}"
    descriptor["type"] = USER_LOG_PREFIX + name
    descriptor.setdefault("metricKind", "DELTA")
    descriptor.setdefault("valueType", "INT64")
    descriptor.setdefault("unit", "1")
    body["metricDescriptor"] = descriptor
    _check_extractors(body, descriptor)
    if old is not None:
        for field in ("metricKind", "valueType"):
            if old.body["metricDescriptor"][field] != descriptor[field]:
                raise invalid(
                    f"{field} of a log-based metric cannot change.", "metric.metric_descriptor"
                )
    body["resourceName"] = metric.name
    body["createTime"] = old.body["createTime"] if old else call.now
    body["updateTime"] = call.now


def _check_extractors(body: dict[str, Any], descriptor: dict[str, Any]) -> None:
    labels = {item["key"] for item in descriptor.get("labels", [])}
    extractors = body.get("labelExtractors", {})
    if labels != set(extractors):
        raise invalid(
            "Each label of the metric descriptor needs one label extractor and the other way"
            f" round: {sorted(labels ^ set(extractors))}",
            "metric.label_extractors",
        )
    value = body.get("valueExtractor")
    if (descriptor["valueType"] == "DISTRIBUTION") != (value is not None):
        raise invalid(
            "A value extractor must be set for a metric of value type DISTRIBUTION and for no"
            " other.",
            "metric.value_extractor",
        )
    for text in [*extractors.values(), *([value] if value else [])]:
        log_metrics.extractor(text)


class _Metrics(Collection):
    """PUT makes a metric that is not there; names may hold slashes."""

    def update(self, call: Call) -> dict[str, Any]:
        if call.tx.get(self.kind, call.target):
            return super().update(call)
        parent, name = call.target.split("/metrics/", 1)
        metric = Resource(self.kind, call.target, parent, {**call.body, "name": name})
        self.prepare(call, metric, None)
        call.tx.insert(metric)
        return metric.body


def _forget_samples(call: Call, metric: Resource) -> None:
    samples.forget(call.tx, metric.body["metricDescriptor"]["type"])


METRICS = _Metrics(
    LOG_METRIC_KIND,
    "metrics",
    new_id=_metric_id,
    prepare=_prepare_metric,
    before_delete=_forget_samples,
    update_verb="update",
)


# Sinks


def _sink_id(call: Call) -> str:
    name = call.body.get("name", "")
    if not _SHORT_ID.fullmatch(name):
        raise invalid(f"Invalid sink name: {name!r}", "sink.name")
    return name


def _prepare_sink(call: Call, sink: Resource, old: Resource | None) -> None:
    body = sink.body
    body["name"] = sink.name.rsplit("/", 1)[-1]
    if not _DESTINATION.fullmatch(body.get("destination", "")):
        raise invalid(f"Invalid sink destination: {body.get('destination')}", "sink.destination")
    for text in [body.get("filter", ""), *(x["filter"] for x in body.get("exclusions", []))]:
        logfilter.parse(text)
    body["resourceName"] = sink.name
    body["createTime"] = old.body["createTime"] if old else call.now
    body["updateTime"] = call.now
    # A bucket of the same project is written to without an identity.
    inside = f"logging.googleapis.com/projects/{call.cloud.project}/"
    body.pop("writerIdentity", None)
    if not body["destination"].startswith(inside):
        body["writerIdentity"] = _LOG_WRITER.format(number=call.cloud.project_number)


SINKS = Collection(log_routing.SINK, "sinks", new_id=_sink_id, prepare=_prepare_sink)


def update_sink(call: Call) -> dict[str, Any]:
    # Without a mask the old PUT of sinks changes these three fields and no other.
    call.query.setdefault("updateMask", "destination,filter,includeChildren")
    return SINKS.update(call)


# Log buckets


def _bucket_id(call: Call) -> str:
    bucket_id = call.query.get("bucketId", "")
    if not _SHORT_ID.fullmatch(bucket_id):
        raise invalid(f"Invalid bucket id: {bucket_id!r}", "bucket_id")
    return bucket_id


def _prepare_bucket(call: Call, bucket: Resource, old: Resource | None) -> None:
    body = bucket.body
    body.setdefault("retentionDays", log_routing.DEFAULT_RETENTION_DAYS)
    if not 1 <= body["retentionDays"] <= 3650:
        raise invalid("retention_days must be between 1 and 3650.", "bucket.retention_days")
    fixed = ("locked", "retentionDays")
    if (
        old is not None
        and old.body.get("locked")
        and any(body.get(name) != old.body[name] for name in fixed)
    ):
        raise precondition("A locked bucket cannot be unlocked or change its retention.")
    if old is not None and old.body.get("analyticsEnabled") and not body.get("analyticsEnabled"):
        raise invalid("Log Analytics cannot be switched off.", "bucket.analytics_enabled")
    body["lifecycleState"] = "ACTIVE"
    body["createTime"] = old.body["createTime"] if old else call.now
    body["updateTime"] = call.now


BUCKETS = Collection(_BUCKET, "buckets", new_id=_bucket_id, prepare=_prepare_bucket)


def _built_in(call: Call, parent: str) -> list[Resource]:
    """The two buckets that every project has, until one of them is changed."""
    if not parent.endswith(("/locations/global", "/locations/-")):
        return []
    parent = f"projects/{call.cloud.project}/locations/global"
    epoch = rfc3339(datetime.fromtimestamp(0, UTC))
    return [
        Resource(_BUCKET, f"{parent}/buckets/{name}", parent, {
            "name": f"{parent}/buckets/{name}", "retentionDays": days, "lifecycleState": "ACTIVE",
            "createTime": epoch, **({"locked": True} if locked else {})})
        for name, days, locked in (("_Default", 30, False), ("_Required", 400, True))
    ]  # fmt: skip


def find_bucket(call: Call, name: str) -> Resource:
    """A bucket, of Google's own ones, too; 404 when there is none."""
    stored = call.tx.get(_BUCKET, name)
    if stored is not None:
        return stored
    for bucket in _built_in(call, name.split("/buckets/")[0]):
        if bucket.name == name:
            call.tx.insert(bucket)
            return bucket
    raise not_found(f"Bucket {name} does not exist")


def get_bucket(call: Call) -> dict[str, Any]:
    return find_bucket(call, call.target).body


def list_buckets(call: Call) -> dict[str, Any]:
    parent = call.target
    everywhere = parent.endswith("/locations/-")
    stored = [x for x in call.tx.all(_BUCKET) if everywhere or x.parent == parent]
    names = {item.name for item in stored}
    rows = [*(x for x in _built_in(call, parent) if x.name not in names), *stored]
    chosen, token = call.page(rows)
    answer: dict[str, Any] = {"buckets": [item.body for item in chosen]} if chosen else {}
    return {**answer, "nextPageToken": token} if token else answer


def patch_bucket(call: Call) -> dict[str, Any]:
    bucket = find_bucket(call, call.target)
    if bucket.body["lifecycleState"] != "ACTIVE":
        raise precondition(f"Bucket {bucket.name} is not in the ACTIVE state.")
    return BUCKETS.update(call)


def create_bucket_async(call: Call) -> dict[str, Any]:
    parent = call.target
    made = BUCKETS.create(call)
    asked = {"parent": parent, "bucketId": call.query["bucketId"], "bucket": call.body}
    return _finished(call, parent, {"createBucketRequest": asked}, made)


def update_bucket_async(call: Call) -> dict[str, Any]:
    asked = {"name": call.target, "bucket": call.body, "updateMask": call.query.get("updateMask")}
    return _finished(
        call, call.target.split("/buckets/")[0], {"updateBucketRequest": asked}, patch_bucket(call)
    )


def _finished(
    call: Call, parent: str, asked: dict[str, Any], bucket: dict[str, Any]
) -> dict[str, Any]:
    """The operation of work that is done: here it takes no time."""
    name = f"{parent}/operations/{call.tx.next_id(_OPERATION)}"
    metadata = {
        "@type": f"{_TYPE}.BucketMetadata",
        "startTime": call.now,
        "endTime": call.now,
        "state": "OPERATION_STATE_SUCCEEDED",
        **asked,
    }
    response = {"@type": f"{_TYPE}.LogBucket", **bucket}
    return long_running.finished(call, _OPERATION, name, response, metadata=metadata)


def delete_bucket(call: Call) -> dict[str, Any]:
    """Mark as deleted: Google keeps a deleted log bucket for seven days."""
    bucket = find_bucket(call, call.target)
    if bucket.name.rsplit("/", 1)[-1].startswith("_"):
        raise invalid("Built-in buckets cannot be deleted.", "name")
    if bucket.body.get("locked") and log_routing.holds_entries(call.tx, bucket.name):
        raise precondition("A locked bucket cannot be deleted while it holds entries.")
    bucket.body["lifecycleState"] = log_routing.DELETED
    bucket.body["updateTime"] = call.now
    call.tx.update(bucket)
    return {}


def undelete_bucket(call: Call) -> dict[str, Any]:
    bucket = find_bucket(call, call.target)
    if bucket.body["lifecycleState"] != log_routing.DELETED:
        raise precondition(f"Bucket {bucket.name} is not deleted.")
    bucket.body["lifecycleState"] = "ACTIVE"
    call.tx.update(bucket)
    return {}
