"""Log-based metrics: the figures of config/metrics.yaml as time series."""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from components.identity import Identity
from eros.project.figures import NAME_PREFIX, Figure, Source, extractor, log_filter
from eros.project.settings import Settings


class Metrics(pulumi.ComponentResource):
    """One distribution per figure: Logging extracts numbers into nothing else.

    Dashboards read its mean, which is exact; the buckets only serve heat maps.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        sources: dict[str, Source],
        identity: Identity,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("eros:monitoring:Metrics", name, None, opts)
        self.metrics = {
            key: gcp.logging.Metric(
                key,
                project=settings.project,
                name=settings.names.metric(NAME_PREFIX + key),
                description=figure.description,
                filter=log_filter(key, settings.names.component("metric")),
                metric_descriptor=_descriptor(figure, source.by),
                value_extractor=extractor(key),
                label_extractors={source.by: extractor(source.by)} if source.by else None,
                bucket_options=gcp.logging.MetricBucketOptionsArgs(
                    exponential_buckets=gcp.logging.MetricBucketOptionsExponentialBucketsArgs(
                        num_finite_buckets=64, growth_factor=2, scale=0.01
                    )
                ),
                opts=pulumi.ResourceOptions(
                    parent=self, depends_on=[identity.services["logging.googleapis.com"]]
                ),
            )
            for source in sources.values()
            for key, figure in source.figures.items()
        }
        self.names = {key: metric.name for key, metric in self.metrics.items()}
        self.register_outputs({"metrics": self.names})


def _descriptor(figure: Figure, by: str | None) -> gcp.logging.MetricMetricDescriptorArgs:
    label = gcp.logging.MetricMetricDescriptorLabelArgs
    return gcp.logging.MetricMetricDescriptorArgs(
        metric_kind="DELTA",
        value_type="DISTRIBUTION",
        unit=figure.unit,
        display_name=figure.title,
        labels=[label(key=by, value_type="STRING")] if by else None,
    )
