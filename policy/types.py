"""Type tokens of the resources that rules look at."""

ALERT_POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"
AUDIT_CONFIG = "gcp:projects/iAMAuditConfig:IAMAuditConfig"
BUCKET = "gcp:storage/bucket:Bucket"
CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"
DASHBOARD = "gcp:monitoring/dashboard:Dashboard"
DATASET = "gcp:bigquery/dataset:Dataset"
DATASET_ACCESS = "gcp:bigquery/datasetAccess:DatasetAccess"
LOG_BUCKET = "gcp:logging/projectBucketConfig:ProjectBucketConfig"
LOG_METRIC = "gcp:logging/metric:Metric"
LOG_SINK = "gcp:logging/projectSink:ProjectSink"
PROJECT_GRANTS = (
    "gcp:projects/iAMMember:IAMMember",
    "gcp:projects/iAMBinding:IAMBinding",
)
ROUTINE = "gcp:bigquery/routine:Routine"
SERVICE_ACCOUNT = "gcp:serviceaccount/account:Account"
SERVICE_ACCOUNT_KEY = "gcp:serviceaccount/key:Key"
TABLE = "gcp:bigquery/table:Table"
TOPIC = "gcp:pubsub/topic:Topic"
TRANSFER = "gcp:bigquery/dataTransferConfig:DataTransferConfig"
