"""Every setting of a stack, as one typed model.

The values stand in `Pulumi.<stack>.yaml` under the `eros:` namespace. The Pulumi
program reads them through the engine, the `eros` command straight from the file;
both end in `Settings.model_validate`, so a mistake reads the same in both.

Left out on purpose: credentials (Google's own application default credentials) and
endpoints of the local cloud (`eros.cloud.endpoints`), because neither is a value that a
reviewer should see change in a stack file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import (
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bqstack import documents, texts
from bqstack.documents import Section
from bqstack.errors import UserError
from eros.project import alerts, figures

NAMESPACE = "eros"
# Stands for a secret where only its name matters: to know that a channel has its token.
_CLOSED = "[secret]"


def _project_root() -> Path:
    """The checkout that this file is in; for an installed package the current folder."""
    checkout = Path(__file__).resolve().parents[2]
    return checkout if (checkout / "Pulumi.yaml").is_file() else Path.cwd()


PROJECT_ROOT = _project_root()

Label = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,63}$")]
LabelKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Member = Annotated[str, StringConstraints(pattern=r"^(group|serviceAccount|user|domain):.+$")]
Percent = Annotated[float, Field(ge=0, le=100)]
PositiveInt = Annotated[int, Field(gt=0)]
# https://cloud.google.com/bigquery/docs/time-travel
_TIME_TRAVEL_DAYS = 7
PositiveFloat = Annotated[float, Field(gt=0)]
# Labels by which jobs are told apart: alerts, figures, runs and costs are read from them.
_OWN_LABELS = re.compile(r"component|correlation|eros_run|(alert|metric)_.*")
# Float fields have float defaults: pydantic does not convert them, and SQL would see INT64.


BUILDER_CALLS = (
    "claim_schedule_request",
    "select_captions_for_creator",
    "finish_claimed_request",
)
"""Procedures that the schedule builder calls, in its order."""


class Prices(Section):
    """List prices in US dollars (docs/requirements.md C-41, C-44)."""

    query_usd_per_tib: PositiveFloat = 6.25
    """On-demand analysis, per TiB (2^40 bytes) billed."""
    requests_per_day: PositiveInt = 100
    """Schedule requests that the builder works on in a day, for `eros plan` to reckon with."""


class Limits(Section):
    """Bounds of a single job (docs/requirements.md C-34, C-35)."""

    maximum_bytes_billed: Annotated[int, Field(ge=10 * 2**20)] = 10 * 2**30
    """10 MiB at least: BigQuery bills every query so much, and refuses all below a lower limit."""
    query_timeout_seconds: PositiveInt = 300
    interactive_timeout_seconds: PositiveInt = 60
    daily_run_timeout_seconds: PositiveInt = 900


class Thresholds(Section):
    """Where a finding becomes a warning or critical (spec monitoring.md 1.4, 7.1)."""

    error_rate_warning_pct: Percent = 1.0
    error_rate_critical_pct: Percent = 5.0
    health_score_warning: PositiveInt = 90
    health_score_critical: PositiveInt = 80
    """Where the dashboard turns; the status follows the score (spec monitoring.md 1.4)."""
    latency_p95_target_seconds: PositiveFloat = 1.0
    latency_p95_warning_seconds: PositiveFloat = 10.0
    slow_query_seconds: PositiveFloat = 60.0
    slow_queries_warning: PositiveInt = 1
    slow_queries_critical: PositiveInt = 10
    daily_cost_warning_usd: PositiveFloat = 10.0
    available_captions_warning: PositiveInt = 400
    available_captions_critical: PositiveInt = 200
    expired_locks_warning: PositiveInt = 10
    expired_locks_critical: PositiveInt = 1000
    active_locks_warning: PositiveInt = 5000
    active_locks_critical: PositiveInt = 10000
    sweep_volume_warning: PositiveInt = 1000
    sweep_age_warning_hours: PositiveInt = 2
    sweep_age_critical_hours: PositiveInt = 6
    inactivity_warning_hours: PositiveInt = 24
    inactivity_critical_hours: PositiveInt = 48
    feedback_age_warning_hours: PositiveInt = 8
    feedback_age_critical_hours: PositiveInt = 12
    daily_run_age_critical_hours: PositiveInt = 28
    daily_run_slow_minutes: PositiveInt = 10
    creator_failure_warning_pct: Percent = 10.0
    queue_backlog_hours: PositiveInt = 24
    expired_lock_grace_hours: Annotated[int, Field(ge=0)] = 2
    burn_fast: PositiveFloat = 14.4
    burn_slow: PositiveFloat = 6.0
    """Multiples of the error budget `error_rate_warning_pct` (SRE workbook, chapter 5)."""
    burn_minimum_failures: PositiveInt = 5
    """Fewer failed queries are no rate."""
    cost_growth_factor: PositiveFloat = 2.0
    cost_growth_minimum_usd: PositiveFloat = 1.0
    """A day that costs less is not compared with the usual (docs/requirements.md C-42)."""
    health_check_age_warning_minutes: PositiveInt = 20
    pause_warning_hours: PositiveInt = 4
    """Schedules that are paused for longer are a finding even where the stack file pauses them.

    Rule A25 notifies of such a pause, where it is 22 hours or less; rule A31 of one that nobody
    wrote down, this long after the next run was due.
    """


class Automation(Section):
    """Parameters of the daily run and the lock sweep (spec automation.md 4, 5)."""

    active_days: PositiveInt = 30
    """A creator is active when a message was sent in this many days."""
    saturation_limit_pct: Percent = 80.0
    """A page strictly below this saturation is queued."""
    planning_window_days: PositiveInt = 7
    """Assignments of this many days from the execution date count as planned."""
    breaker_failures: PositiveInt = 5
    """Consecutive creator failures that open the circuit breaker."""
    stale_lock_days: PositiveInt = 7
    lock_wait_seconds: PositiveInt = 60
    """Pauses add up to this before a procedure gives up on a table that others change."""
    integrity_hours: Annotated[int, Field(ge=1, le=24)] = 6
    """How often the rules of the data are checked, which takes a scan of all captions."""
    queue_lease_minutes: PositiveInt = 30
    queue_max_attempts: PositiveInt = 3
    feedback_window_days: PositiveInt = 365
    """Results of messages sent in this many days make up the bandit statistics."""
    feedback_late_days: PositiveInt = 30
    """A result delivered up to this many days after the send is still counted, and a message
    without a caption is matched again."""
    selection_effect_days: PositiveInt = 90
    """Days of messages over which ranked captions are compared with those drawn at random."""
    medium_audience: PositiveInt = 1_000
    large_audience: PositiveInt = 10_000
    """Median recipients of a message from which a page counts as medium or large."""
    small_daily_target: PositiveInt = 5
    medium_daily_target: PositiveInt = 10
    large_daily_target: PositiveInt = 15
    """Messages that a page of this size carries on a day without a holiday."""


class Selection(Section):
    """How captions are ranked (docs/learning.md, docs/requirements.md C-18)."""

    policy: Literal["index", "beta", "wilson"] = "index"
    """What captions are ranked by: the index, or one of the draws of Thompson sampling."""
    random_share: Annotated[float, Field(ge=0, le=0.5)] = 0.02
    """Share of captions drawn at random, and labelled: what the others are measured against."""
    horizon_days: PositiveInt = 60
    """Index: days over which what a message teaches still earns."""
    message_spread: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Index: how much the purchases of one message hang together; 0 is not at all."""
    prior_rate: Annotated[float, Field(gt=0, lt=1)] = 0.01
    """Index: purchases per view of a page without a history; weighs as much as one caption."""
    prior_value: PositiveFloat = 0.1
    """Index: dollars per view of a page without a history; weighs as much as one caption."""
    prior_shape: PositiveFloat = 1.5
    """Index: shape of the Gamma prior, purchases, until a page's captions show their own."""
    shape_captions: PositiveFloat = 10.0
    """Index: captions that `prior_shape` weighs as much as."""
    class_captions: PositiveFloat = 10.0
    """Index: captions that the page's mean weighs as much as in the mean of a price tier."""
    price_purchases: PositiveFloat = 0.5
    """Index: purchases that a class's earnings per purchase weigh as much as in a caption's own."""
    recovery: Annotated[float, Field(ge=0, lt=1)] = 0.15
    """Index: part of its score that a caption lacks right after a send."""
    recovery_days: PositiveFloat = 30.0
    """Index: days in which half of that is back."""
    prior_successes: PositiveFloat = 4.0
    """Draws: prior successes of every caption; its prior rate is the mean of its page."""
    prior_failures: PositiveFloat = 1.0
    """Draws: prior failures of a caption on a page that has no purchase yet."""
    earnings_prior_purchases: PositiveFloat = 2.0
    """Draws: purchases at the page's mean earnings that a caption's own mean is mixed with."""
    max_captions: PositiveInt = 1_000
    """Most captions that one call may ask for."""
    lock_lease_seconds: PositiveInt = 600
    """How long a call that died keeps the lock of its page, in seconds."""
    lock_patience_seconds: PositiveInt = 300
    """How long a call waits for the lock of a page that other calls change, in seconds."""
    cooldown_days: Annotated[int, Field(ge=0)] = 7
    """A caption sent to a page within this many days is not drawn for it again."""


class Retention(Section):
    """Days that rows are kept; empty means for ever (docs/requirements.md C-24, C-26)."""

    caption_bandit_stats_days: PositiveInt | None = 90
    log_days: PositiveInt = 90
    inactive_assignment_days: PositiveInt = 90
    time_travel_hours: Annotated[int, Field(ge=48, le=168, multiple_of=24)] = 168


class Backup(Section):
    """Table snapshots and exports (docs/requirements.md C-02, C-60)."""

    bucket: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$")]
    dataset: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,1024}$")] = "eros_backups"
    daily_retention_days: PositiveInt = 30
    """Days that a backup is kept, unless it was taken before a deployment."""
    deployment_retention_days: PositiveInt = 90
    external_tables: list[str] = ["active_caption_assignments", "caption_bank"]
    """External tables that backups hold as well (docs/requirements.md C-61)."""
    operators: list[Member] = []
    """Who makes and restores backups, beside the deployer."""
    job_timeout_seconds: PositiveInt = 1800
    """Longest statement of a backup or restore: a rollback's limit (docs/requirements.md C-65)."""


class Access(Section):
    """Who may read and write the dataset, beside the runner's own account."""

    readers: list[Member] = []
    writers: list[Member] = []
    builders: list[Member] = []
    """Accounts of schedule builders: they write the dataset and run jobs (docs/builder.md)."""

    @model_validator(mode="after")
    def _a_member_writes_once(self) -> Access:
        both = sorted({*self.writers} & {*self.builders})
        if both:
            raise ValueError(
                f"{both[0]!r} stands in writers and in builders: a builder may write already"
            )
        return self


class Settings(Section):
    """All settings of one stack."""

    environment: Literal["local", "staging", "prod"]
    project: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
    dataset: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,1024}$")]
    location: Annotated[str, StringConstraints(min_length=2)] = "US"
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
    ] = "eros-runner"
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
    access: Access = Access()

    @field_validator("time_zone")
    @classmethod
    def _known_time_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("no time zone of this name in the tz database")
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
        if backup.dataset.lower() == str(info.data.get("dataset", "")).lower():
            raise ValueError(f"dataset is {backup.dataset}, which it is to save: name another")
        return backup

    @property
    def warnings(self) -> list[str]:
        """What these values let happen and nobody may want, each with its key."""
        kept = self.backup.daily_retention_days
        if kept >= _TIME_TRAVEL_DAYS:
            return []
        return [
            f"{NAMESPACE}:backup.dailyRetentionDays is {kept}: backups go earlier than BigQuery's"
            f" own history of {_TIME_TRAVEL_DAYS} days, so they save nothing more"
        ]

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
            **self.labels,
        }

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
        """
        return (
            "IF((statement_type = 'ROLLBACK_TRANSACTION' OR REGEXP_CONTAINS(error_result.message, "
            "'due to concurrent update|Too many DML statements outstanding')) AND EXISTS("
            "SELECT 1 FROM UNNEST(labels) AS label WHERE label.key = 'component'"
            "), NULL, error_result.reason)"
        )

    def template_values(self) -> dict[str, Any]:
        """Names that a file of config/ may use in its Jinja2 expressions: settings alone."""
        sections = ("prices", "limits", "thresholds", "automation", "selection", "retention")
        return {
            "project": self.project,
            "dataset": self.dataset,
            "location": self.location,
            "time_zone": self.time_zone,
            "jobs_view": self.jobs_view,
            "error_reason": self.error_reason,
            "job_labels": self.job_labels,
            **{name: getattr(self, name) for name in sections},
        }

    def template_context(self) -> dict[str, Any]:
        """Names that an SQL file may use: the settings, and the catalogues that SQL is made of.

        Whoever wants the rules or the figures themselves calls `alerts.of` or `figures.load`.
        """
        catalogues = {
            "metrics": figures.load(PROJECT_ROOT),
            "alerts": alerts.of(self, PROJECT_ROOT),
        }
        return self.template_values() | catalogues


def parse(values: dict[str, Any], file: Path | str, root: Path | None = None) -> Settings:
    """Validate the `eros:` values of a stack; `file` is named in the error, its line if the
    values were read from it below `root`.

    Raises UserError that names file, key, value and fix.
    """
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise _explain(error, file, root) from None


def load_stack_file(stack: str, root: Path = PROJECT_ROOT) -> Settings:
    """Settings of `stack` as its file under `root` states them.

    Secrets are encrypted in the file and only the engine opens them: an entry of
    `eros:secrets` is there without its value, any other is left out.
    """
    path = root / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = sorted(p.name.split(".")[1] for p in root.glob("Pulumi.*.yaml"))
        raise UserError(
            f"there is no stack file for stack {stack!r}",
            file=path.name,
            fix=f"use one of: {', '.join(known)}",
        )
    document = documents.read_yaml(path, path.name)
    _refuse_misplaced(document, path.name)
    config = _config(document, path.name)
    values = {
        key.removeprefix(f"{NAMESPACE}:"): _without_secrets(value, key)
        for key, value in config.items()
        if key.startswith(f"{NAMESPACE}:") and not _is_secret(value)
    }
    return parse(values, path.name, root)


def from_engine(config: dict[str, str], stack: str) -> Settings:
    """Settings from the engine's configuration map (`<namespace>:<key>` to text).

    The engine hands every value over as text and objects as JSON; numbers and
    booleans are read back by the model.
    """
    prefix = f"{NAMESPACE}:"
    values = {
        key.removeprefix(prefix): _decoded(text)
        for key, text in config.items()
        if key.startswith(prefix)
    }
    return parse(values, f"Pulumi.{stack}.yaml", PROJECT_ROOT)


def check_file(stack: str, root: Path = PROJECT_ROOT) -> None:
    """Refuse what the engine hides from the program; raises UserError.

    Settings outside `config:`, and secrets of a shared stack that only the empty passphrase
    protects (docs/decisions/004-stack-secrets.md).
    """
    file = f"Pulumi.{stack}.yaml"
    if not (root / file).is_file():
        return
    document = documents.read_yaml(root / file, file)
    _refuse_misplaced(document, file)
    secrets = list(_secret_paths(_config(document, file)))
    if stack != "local" and secrets and "encryptionsalt" in document:
        raise UserError(
            "the secret is encrypted with a passphrase that everybody knows",
            file=file,
            key=secrets[0],
            fix=f"pulumi stack change-secrets-provider gcpkms://KEY --stack {stack}",
        )


def _config(document: dict[str, Any], file: str) -> dict[str, Any]:
    """What stands below `config:`, or nothing; raises UserError for what is no map of names."""
    config = document.get("config") or {}
    if isinstance(config, dict):
        wrong = [key for key in config if not isinstance(key, str)]
    else:
        wrong = [config]
    if wrong:
        raise UserError(
            "not a map from names to values",
            file=file,
            key="config",
            value=wrong[0],
            fix=f"below `config:` one line per setting: {NAMESPACE}:NAME: VALUE",
        )
    return config


def _refuse_misplaced(document: dict[str, Any], file: str) -> None:
    """Pulumi ignores a setting that stands beside `config:` instead of in it."""
    for key in document:
        if str(key).startswith(f"{NAMESPACE}:"):
            raise UserError(
                "a setting outside `config:` has no effect",
                file=file,
                key=key,
                fix="indent it below `config:`",
            )


def _decoded(text: str) -> Any:
    if text[:1] not in ("[", "{"):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text  # The model refuses it, naming the key.


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"}


def _without_secrets(value: Any, key: str = "") -> Any:
    if not isinstance(value, dict):
        return value
    if key == f"{NAMESPACE}:secrets":
        return {name: _CLOSED if _is_secret(inner) else inner for name, inner in value.items()}
    return {key: _without_secrets(inner) for key, inner in value.items() if not _is_secret(inner)}


def _secret_paths(config: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in config.items():
        if _is_secret(value):
            yield f"{prefix}{key}"
        elif isinstance(value, dict):
            yield from _secret_paths(value, f"{prefix}{key}.")


def _explain(error: ValidationError, file: Path | str, root: Path | None) -> UserError:
    problem = documents.worst(error)
    path = documents.written(problem)
    key = f"{NAMESPACE}:{path}"
    text = ""
    if root is not None and (root / file).is_file():
        text = texts.read(root / file, file)
    is_written = f"{NAMESPACE}:{path.partition('.')[0]}:" in text
    secret = path.split(".")[0] == "secrets"
    return UserError(
        documents.message(error, problem),
        file=file,
        line=documents.line_of(text, f"config.{key}") if is_written else None,
        key=key,
        value=None if secret else documents.shown_value(problem),
        fix=_fix(problem, key, secret, Path(file).name.split(".")[1:2]),
    )


def _fix(problem: Any, key: str, secret: bool, stack: list[str]) -> str:
    """What to do; `stack` is the one that the file's name holds, if it does."""
    option = "".join(f" --stack {name}" for name in stack)
    if problem["type"] == "missing":
        return f"pulumi config set {'--secret ' if secret else ''}--path '{key}' VALUE{option}"
    if documents.is_unknown_key(problem):
        hint = documents.spelling_hint(Settings, problem["loc"])
        return f"{hint}; to remove it: pulumi config rm --path '{key}'{option}"
    return "eros/project/settings.py says what the key takes"
