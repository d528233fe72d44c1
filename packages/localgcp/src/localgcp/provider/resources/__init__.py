"""The resource types this provider serves: those the EROS program declares."""

from ..inputs import Declarations
from ..resource import Resource
from . import bigquery, data_transfer, iam, logging, monitoring, project, pubsub, storage, table

TYPES: tuple[type[Resource], ...] = (
    bigquery.Dataset,
    bigquery.Routine,
    data_transfer.DataTransferConfig,
    iam.DatasetIamMember,
    iam.ProjectIamMember,
    iam.ServiceAccountIamMember,
    iam.TopicIamMember,
    iam.BucketIamMember,
    logging.Metric,
    logging.ProjectBucketConfig,
    logging.ProjectSink,
    monitoring.AlertPolicy,
    monitoring.Dashboard,
    monitoring.MetricDescriptor,
    monitoring.NotificationChannel,
    project.Account,
    project.Service,
    project.ServiceIdentity,
    pubsub.Topic,
    storage.Bucket,
    table.Table,
)

PROVIDER_DECLARATION = "config:Provider"


def declarations() -> Declarations:
    """The declared inputs of the provider itself and of every served type."""
    return Declarations([PROVIDER_DECLARATION, *(kind.declaration_name() for kind in TYPES)])


def by_token(declared: Declarations) -> dict[str, Resource]:
    """Every served type, by its Pulumi type token."""
    return {kind.token: kind(declared) for kind in TYPES}
