"""Every setting of a stack, as one typed model of values: it reads no file.

The values stand in `Pulumi.<stack>.yaml` under the `eros:` namespace; `eros.project.stack_file`
reads them, `eros.project.project` the files that stand beside them.

Left out on purpose: credentials (Google's own application default credentials) and
endpoints of the local cloud (`eros.cloud.endpoints`), because neither is a value that a
reviewer should see change in a stack file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bqstack.documents import Section
from eros.project import environment, regions
from eros.project.resource_names import ResourceNames, wrong_sandbox_name
from eros.project.settings_sections import (
    Access,
    Automation,
    Backup,
    CaptionLocks,
    Lease,
    Limits,
    Logs,
    Prices,
    Retention,
    Selection,
    Thresholds,
)

NAMESPACE = "eros"


PROJECT_ROOT = environment.ROOT

Label = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,63}$")]
LabelKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
# https://cloud.google.com/bigquery/docs/time-travel
_TIME_TRAVEL_DAYS = 7
_DAY_MS = 24 * 60 * 60 * 1000
# The longest that eros:thresholds.pauseWarningHours takes.
_FOR_EVER_HOURS = 87_600
# Labels by which jobs are told apart: alerts, figures, runs and costs are read from them.
_OWN_LABELS = re.compile(r"component|correlation|eros_run|sandbox|(alert|metric)_.*")

BUILDER_CALLS = (
    "claim_schedule_request",
    "select_captions_for_creator",
    "finish_claimed_request",
)
"""Procedures that the schedule builder calls, in its order."""


class Settings(Section):
    """All settings of one stack."""

    environment: Literal["local", "staging", "prod"]
    sandbox: str | None = None
    """Name of a stack beside another in the same project (docs/decisions/023-sandboxes.md).

    Dataset, backup dataset, bucket and service account below are those of the source; the fields
    of this model hold the sandbox's own names.
    """
    lease: Lease | None = None
    """Owner and last day of a sandbox, which `eros sandbox` writes."""
    project: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
    dataset: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,1024}$")]
    location: Annotated[str, AfterValidator(regions.known)] = "US"
    time_zone: str = "America/Los_Angeles"
    external_tables: Literal["adopt", "greenfield"]
    """`adopt`: the external tables exist already and are only referred to.
    `greenfield`: the program creates them (docs/requirements.md C-07)."""
    import_tables: list[str] = []
    """Owned tables that exist already and are imported at the first `up`."""
    protect_tables: bool = True
    """BigQuery deletion protection and Pulumi `protect` on every table."""
    allow_loss: list[str] = []
    """What the next update may lose, as the guard's refusal names it (docs/guard.md)."""
    allow_mistakes: list[str] = []
    """Files whose mistakes the program lets pass in an emergency (docs/validate.md)."""
    schedules_paused: bool = False
    labels: dict[LabelKey, Label] = {}
    cost_owner: Label
    service_account: Annotated[
        str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")
    ] = Field("eros-runner", validate_default=True)
    kms_key: str | None = None
    endpoints_file: Path | None = None
    """Set on the local stack only: where the local cloud writes its addresses."""
    job_history: Literal["google", "table"] = "google"
    """`google`: INFORMATION_SCHEMA.JOBS_BY_PROJECT of the region.
    `table`: the table `job_history` of the dataset, which the local cloud fills."""
    contacts: dict[str, str] = {}
    """Who is notified of alerts, by the names that config/channels.yaml uses."""
    secrets: dict[str, SecretStr] = {}
    """Keys and tokens of notification channels, each set with `--secret --path`."""
    runbook: str = "docs/runbook.md"
    """Address of the runbook, for the links in notifications."""
    alert_email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]
    prices: Prices = Prices()
    limits: Limits = Limits()
    thresholds: Thresholds = Thresholds()
    automation: Automation = Automation()
    selection: Selection = Selection()
    retention: Retention = Retention()
    backup: Backup
    logs: Logs = Logs()
    caption_locks: CaptionLocks | None = None
    """Where other systems keep locks of captions, too; without it no SQL names such a table."""
    access: Access = Access()

    @model_validator(mode="before")
    @classmethod
    def _sandboxes_rest(cls, values: Any) -> Any:
        """What a sandbox is unless its file says otherwise: paused, and made to be deleted."""
        if not isinstance(values, dict) or not values.get("sandbox"):
            return values
        thresholds = values.get("thresholds", {})
        if isinstance(thresholds, dict):
            # The pause is for ever, so nobody is notified of it.
            thresholds = {"pauseWarningHours": _FOR_EVER_HOURS, **thresholds}
        return {
            "schedulesPaused": True,
            "protectTables": False,
            **values,
            "thresholds": thresholds,
        }

    @field_validator("sandbox")
    @classmethod
    def _a_sandbox_has_a_short_name(cls, name: str | None) -> str | None:
        if name is not None and (wrong := wrong_sandbox_name(name)):
            raise ValueError(wrong)
        return name

    @field_validator("lease")
    @classmethod
    def _only_a_sandbox_ends(cls, lease: Lease | None, info: ValidationInfo) -> Lease | None:
        if lease and not info.data.get("sandbox"):
            raise ValueError("only a sandbox has a lease: remove it, or set eros:sandbox")
        return lease

    @field_validator("dataset", "service_account")
    @classmethod
    def _named_for_the_sandbox(cls, name: str, info: ValidationInfo) -> str:
        names = ResourceNames(info.data.get("sandbox"))
        return names.dataset(name) if info.field_name == "dataset" else names.account(name)

    @field_validator("external_tables")
    @classmethod
    def _a_sandbox_owns_its_tables(cls, kind: str, info: ValidationInfo) -> str:
        if kind == "adopt" and info.data.get("sandbox"):
            raise ValueError(
                "the dataset of a sandbox has no tables of other systems: greenfield creates them"
            )
        return kind

    @field_validator("import_tables")
    @classmethod
    def _a_sandbox_imports_nothing(cls, tables: list[str], info: ValidationInfo) -> list[str]:
        if tables and info.data.get("sandbox"):
            raise ValueError("the dataset of a sandbox is new, it has no tables to import")
        return tables

    @field_validator("access")
    @classmethod
    def _a_sandbox_grants_nothing_in_the_project(
        cls, access: Access, info: ValidationInfo
    ) -> Access:
        if access.builders and info.data.get("sandbox"):
            raise ValueError(
                "builders get a role in the project, which the source stack may have given too:"
                " destroying the sandbox would take it away; name them as writers"
            )
        if access.sandbox_owners and info.data.get("sandbox"):
            raise ValueError(
                "the role of sandboxOwners is the project's: the source stack declares it,"
                " and a sandbox leaves it out"
            )
        return access

    @field_validator("time_zone")
    @classmethod
    def _known_time_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("the tz database has no time zone with this name")
        return name

    @field_validator("labels")
    @classmethod
    def _labels_are_free(cls, labels: dict[str, str]) -> dict[str, str]:
        taken = [key for key in labels if _OWN_LABELS.fullmatch(key)]
        if taken:
            raise ValueError(f"the label {taken[0]!r} is set by the system on its jobs: rename it")
        return labels

    @field_validator("backup")
    @classmethod
    def _backups_stand_apart(cls, backup: Backup, info: ValidationInfo) -> Backup:
        sandbox = info.data.get("sandbox")
        if sandbox and backup.operators:
            raise ValueError(
                "operators get a role in the project, which the source stack may have given too:"
                " destroying the sandbox would take it away; leave them out"
            )
        names = ResourceNames(sandbox)
        backup = backup.model_copy(
            update={
                "bucket": names.bucket(backup.bucket),
                "dataset": names.dataset(backup.dataset),
            }
        )
        if backup.dataset.lower() == str(info.data.get("dataset", "")).lower():
            raise ValueError(
                f"dataset is {backup.dataset}, the dataset to be backed up: choose another"
            )
        return backup

    @model_validator(mode="after")
    def _notifications_lead_to_the_runbook(self) -> Settings:
        if self.environment != "local" and not self.runbook.startswith("https://"):
            raise ValueError(
                f"runbook is {self.runbook}, which nobody who gets a notification can follow:"
                f" pulumi config set {NAMESPACE}:runbook https://.../docs/runbook.md"
            )
        return self

    @property
    def warnings(self) -> list[str]:
        """What these values let happen and nobody may want, each with its key."""
        found = []
        kept = self.backup.daily_retention_days
        if kept < _TIME_TRAVEL_DAYS:
            found.append(
                f"{NAMESPACE}:backup.dailyRetentionDays is {kept}: backups expire before"
                f" BigQuery's own history of {_TIME_TRAVEL_DAYS} days, so they add no protection"
            )
        return found

    @property
    def stack(self) -> str:
        """Name of the stack: the sandbox's, or that of the environment."""
        return self.sandbox or self.environment

    @property
    def names(self) -> ResourceNames:
        """How what the stack makes in its project is named."""
        return ResourceNames(self.sandbox)

    @property
    def notifies(self) -> bool:
        """Whether the stack has channels: a sandbox in Google's cloud has none.

        On the local cloud a sandbox's lead to the inbox.
        """
        return not self.sandbox or self.environment == "local"

    @property
    def namespace(self) -> str:
        """What the keys of a stack's file begin with."""
        return NAMESPACE

    @property
    def adopts_external_tables(self) -> bool:
        """Whether the external tables exist already and are only referred to."""
        return self.external_tables == "adopt"

    @property
    def has_local_tables(self) -> bool:
        """Whether the tables of sql/local_tables belong to the stack."""
        return self.job_history == "table"

    @property
    def usd_per_tib(self) -> float:
        """On-demand price of a query in US dollars per TiB."""
        return self.prices.query_usd_per_tib

    @property
    def calls_per_day(self) -> dict[str, float]:
        """Calls of procedures by the schedule builder, which makes each once for a request."""
        return dict.fromkeys(BUILDER_CALLS, float(self.prices.requests_per_day))

    @property
    def all_labels(self) -> dict[str, str]:
        """Labels of every resource and job: environment, cost owner, system, the stack's own."""
        return {
            "system": "eros",
            "environment": self.environment,
            "cost_owner": self.cost_owner,
            **self.names.labels,
            **self.labels,
        }

    @property
    def dataset_labels(self) -> dict[str, str]:
        """Labels of the datasets: `all_labels`, with owner and last day of a sandbox."""
        if self.lease is None:
            return self.all_labels
        return {
            **self.all_labels,
            "owner": self.lease.owner,
            "expires": self.lease.expires.isoformat(),
        }

    @property
    def table_lifetime_ms(self) -> int | None:
        """How long a new table of a sandbox lives that says nothing itself; None is for ever."""
        return None if self.lease is None else (self.lease.days + 1) * _DAY_MS

    @property
    def job_labels(self) -> str:
        """The labels in the form that `@@query_label` takes."""
        return ",".join(f"{key}:{value}" for key, value in self.all_labels.items())

    @property
    def dataset_reference(self) -> str:
        """The dataset as SQL refers to it, each part quoted on its own."""
        return f"`{self.project}`.`{self.dataset}`"

    @property
    def jobs_view(self) -> str:
        """Complete reference of the job history that SQL reads."""
        if self.job_history == "table":
            return f"{self.dataset_reference}.job_history"
        region = f"region-{self.location.lower()}"
        return f"`{self.project}`.`{region}`.INFORMATION_SCHEMA.JOBS_BY_PROJECT"

    @property
    def error_reason(self) -> str:
        """SQL over a row of `jobs_view`: why the query failed; NULL when it did not.

        Nor has a statement failed that BigQuery aborted because another changed the same
        table, or too many waited to: procedures repeat it, and tell by etl_job_runs and alerts
        when they give up. Nor the ROLLBACK after it, which finds no transaction.

        Nor what a caller did wrong, who reads the error: no SQL, a refused call, a command's query.
        """
        component = "SELECT 1 FROM UNNEST(labels) AS label WHERE label.key = 'component'"
        return (
            "IF((statement_type = 'ROLLBACK_TRANSACTION' OR REGEXP_CONTAINS(error_result.message, "
            "'due to concurrent update|Too many DML statements outstanding')) "
            f"AND EXISTS({component}) "
            "OR REGEXP_CONTAINS(error_result.message, r'(^|: )refused: ') "
            f"OR STRPOS(error_result.message, 'Syntax error: ') > 0 AND NOT EXISTS({component}) "
            f"OR EXISTS({component} AND label.value = 'eros_command'), "
            "NULL, error_result.reason)"
        )

    @property
    def own_jobs(self) -> str:
        """SQL over a row of `jobs_view`: whether the job counts for this stack.

        A sandbox counts the jobs with its label, any other stack all that have none: people's own
        queries in the project, too.
        """
        is_own = f" AND label.value = '{self.sandbox}'" if self.sandbox else ""
        found = f"EXISTS(SELECT 1 FROM UNNEST(labels) AS label WHERE label.key = 'sandbox'{is_own})"
        return found if self.sandbox else f"NOT {found}"

    def template_values(self) -> dict[str, Any]:
        """Names that files of config/ and sql/ may use in their Jinja2 expressions."""
        sections = ("prices", "limits", "thresholds", "automation", "selection", "retention")
        return {
            "project": self.project,
            "dataset": self.dataset,
            "location": self.location,
            "time_zone": self.time_zone,
            "jobs_view": self.jobs_view,
            "error_reason": self.error_reason,
            "own_jobs": self.own_jobs,
            "job_labels": self.job_labels,
            "caption_locks": self.caption_locks,
            "alert_component": self.names.component("alert"),
            "figure_component": self.names.component("metric"),
            **{name: getattr(self, name) for name in sections},
        }
