"""The sections of a stack's settings, each with its defaults, units and bounds."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from bqstack.documents import Section

Member = Annotated[str, StringConstraints(pattern=r"^(group|serviceAccount|user|domain):.+$")]
Percent = Annotated[float, Field(ge=0, le=100)]
# A billion: no sum or product of two leaves an INT64.
PositiveInt = Annotated[int, Field(gt=0, le=10**9)]
# A century: BigQuery refuses dates beyond the years 1 to 9999.
Days = Annotated[int, Field(gt=0, le=36_500)]
Hours = Annotated[int, Field(gt=0, le=24 * 36_500)]
PositiveFloat = Annotated[float, Field(gt=0, le=1e12)]
# https://cloud.google.com/logging/quotas#logs_retention_periods
LogDays = Annotated[int, Field(ge=1, le=3650)]
# Wide enough for any page; no quotient of two leaves a FLOAT64.
Weight = Annotated[float, Field(ge=1e-6, le=1e9)]
# Float fields have float defaults: pydantic does not convert them, and SQL would see INT64.


# Of a table or a column that SQL names without backticks.
SqlName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]


class Prices(Section):
    """List prices in US dollars (docs/requirements.md C-41, C-44)."""

    query_usd_per_tib: PositiveFloat = 6.25
    """On-demand analysis, per TiB (2^40 bytes) billed."""
    storage_usd_per_gib_month: PositiveFloat = 0.02
    """Active logical storage, per GiB (2^30 bytes) and month, for the cost of sandboxes."""
    requests_per_day: PositiveInt = 100
    """Schedule requests that the builder works on in a day, for `eros plan` to reckon with."""


class Limits(Section):
    """Bounds of a single job (docs/requirements.md C-34, C-35, docs/decisions/024-limits.md)."""

    maximum_bytes_billed: Annotated[int, Field(ge=10 * 2**20, le=2**62)] = 10 * 2**30
    """10 MiB at least: BigQuery bills every query so much, and refuses all below a lower limit."""
    query_timeout_seconds: PositiveInt = 300
    interactive_timeout_seconds: PositiveInt = 60
    daily_run_timeout_seconds: PositiveInt = 900
    comparison_bytes: Annotated[int, Field(ge=10 * 2**20, le=2**62)] = 100 * 2**30
    """Bytes that `eros sandbox diff` may read in all."""
    stop_within_seconds: PositiveInt = 600
    """How long after its limit a scheduled run has ended at the latest: it is looked for every five
    minutes, and BigQuery takes about one to cancel a job. The lease of a run outlasts this."""


class Thresholds(Section):
    """Where a finding becomes a warning or critical (docs/alerts.md#rules)."""

    error_rate_warning_pct: Percent = 1.0
    error_rate_critical_pct: Percent = 5.0
    health_score_warning: PositiveInt = 90
    health_score_critical: PositiveInt = 80
    """Where the dashboard turns; the status follows the score (docs/requirements.md)."""
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
    sweep_age_warning_hours: Hours = 2
    sweep_age_critical_hours: Hours = 6
    inactivity_warning_hours: Hours = 24
    inactivity_critical_hours: Hours = 48
    feedback_age_warning_hours: Hours = 8
    feedback_age_critical_hours: Hours = 12
    daily_run_age_critical_hours: Hours = 28
    daily_run_slow_minutes: PositiveInt = 10
    creator_failure_warning_pct: Percent = 10.0
    queue_backlog_hours: Hours = 24
    expired_lock_grace_hours: Annotated[int, Field(ge=0, le=24 * 36_500)] = 2
    burn_fast: PositiveFloat = 14.4
    burn_slow: PositiveFloat = 6.0
    """Multiples of the error budget `error_rate_warning_pct` (SRE workbook, chapter 5)."""
    burn_minimum_failures: PositiveInt = 5
    """Fewer failed queries are no rate."""
    cost_growth_factor: PositiveFloat = 2.0
    cost_growth_minimum_usd: PositiveFloat = 1.0
    """A day that costs less is not compared with the usual (docs/requirements.md C-42)."""
    health_check_age_warning_minutes: PositiveInt = 20
    pause_warning_hours: Hours = 4
    """Schedules that are paused for longer are a finding even where the stack file pauses them.

    Rule A25 notifies of such a pause, where it is 22 hours or less; rule A31 of one that nobody
    wrote down, this long after the next run was due.
    """


class Automation(Section):
    """Parameters of the daily run and the lock sweep (docs/requirements.md)."""

    active_days: Days = 30
    """A creator is active when a message was sent in this many days."""
    saturation_limit_pct: Percent = 80.0
    """A page strictly below this saturation is queued."""
    planning_window_days: Days = 7
    """Assignments of this many days from the execution date count as planned."""
    breaker_failures: PositiveInt = 5
    """Consecutive creator failures that open the circuit breaker."""
    stale_lock_days: Days = 7
    lock_wait_seconds: PositiveInt = 60
    """Pauses add up to this before a procedure gives up on a table that others change."""
    integrity_hours: Annotated[int, Field(ge=1, le=22)] = 12
    """How often the rules of the data are checked, which takes a scan of all captions. A count is
    read for a day, and a new one takes up to an hour to begin."""
    retry_delays_seconds: Annotated[
        tuple[Annotated[int, Field(ge=0, le=120)], ...], Field(min_length=1, max_length=5)
    ] = (5, 15, 30)
    """Waits before a scheduled run that met a passing error of BigQuery is tried again."""
    queue_lease_minutes: PositiveInt = 30
    queue_max_attempts: PositiveInt = 3
    feedback_window_days: Days = 365
    """Results of messages sent in this many days make up the bandit statistics."""
    feedback_late_days: Days = 30
    """A result delivered up to this many days after the send is still counted, and a message
    without a caption is matched again."""
    selection_effect_days: Days = 90
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
    horizon_days: Days = 60
    """Index: days over which what a message teaches still earns."""
    message_spread: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Index: how much the purchases of one message hang together; 0 is not at all."""
    prior_rate: Annotated[float, Field(ge=1e-6, lt=1)] = 0.01
    """Index: purchases per view of a page without a history; weighs as much as one caption."""
    prior_value: Weight = 0.1
    """Index: dollars per view of a page without a history; weighs as much as one caption."""
    prior_shape: Weight = 1.5
    """Index: shape of the Gamma prior, purchases, until a page's captions show their own."""
    shape_captions: Weight = 10.0
    """Index: captions that `prior_shape` weighs as much as."""
    class_captions: Weight = 10.0
    """Index: captions that the page's mean weighs as much as in the mean of a price tier."""
    price_purchases: Weight = 0.5
    """Index: purchases that a class's earnings per purchase weigh as much as in a caption's own."""
    recovery: Annotated[float, Field(ge=0, lt=1)] = 0.15
    """Index: what a send takes off the logarithm of a caption's rate, until results show it."""
    recovery_weight: Weight = 50.0
    """Index: purchases, of loads that differ by one send, that `recovery` weighs as much as."""
    recovery_days: Annotated[float, Field(ge=1, le=36_500)] = 30.0
    """Index: days in which half of what a send took off is back."""
    weekday_purchases: Weight = 200.0
    """Index: purchases that even weekdays weigh as much as."""
    weekday_patience: Annotated[float, Field(ge=0, le=10)] = 2.0
    """Index: captions that wait for a better day, as a multiple of what a weekday sells less."""
    prior_successes: Weight = 4.0
    """Draws: prior successes of every caption; its prior rate is the mean of its page."""
    prior_failures: Weight = 1.0
    """Draws: prior failures of a caption on a page that has no purchase yet."""
    earnings_prior_purchases: Weight = 2.0
    """Draws: purchases at the page's mean earnings that a caption's own mean is mixed with."""
    max_captions: PositiveInt = 1_000
    """Most captions that one call may ask for."""
    lock_lease_seconds: PositiveInt = 600
    """How long a call that died keeps the lock of its page, in seconds."""
    lock_patience_seconds: PositiveInt = 300
    """How long a call waits for the lock of a page that other calls change, in seconds."""
    cooldown_days: Annotated[int, Field(ge=0, le=36_500)] = 7
    """A caption sent to a page within this many days is not drawn for it again."""


class CaptionLocks(Section):
    """Another system's table of caption locks, beside the assignments (C-13): health counts it,
    the sweep ends its locks, and `eros rollback --clear-locks` releases them."""

    table: SqlName
    """In the stack's dataset; sql/external_tables/caption_locks.sql declares it."""
    expires_column: SqlName = "expires_at"
    """TIMESTAMP: a lock whose time has passed holds nothing."""
    active_column: SqlName = "is_active"
    """BOOL: the sweep sets it to FALSE. Rows are never deleted."""

    @model_validator(mode="after")
    def _it_is_another_table(self) -> CaptionLocks:
        if self.table == "active_caption_assignments":
            raise ValueError(
                "active_caption_assignments is counted and swept already: leave captionLocks out"
            )
        if self.expires_column == self.active_column:
            raise ValueError(
                f"{self.active_column!r} cannot be both expiresColumn and activeColumn"
            )
        return self


class Retention(Section):
    """Days that rows are kept; empty means for ever (docs/requirements.md C-24, C-26)."""

    caption_bandit_stats_days: Days | None = 90
    log_days: Days = 90
    inactive_assignment_days: Days = 90
    time_travel_hours: Annotated[int, Field(ge=48, le=168, multiple_of=24)] = 168


class Backup(Section):
    """Table snapshots and exports (docs/requirements.md C-02, C-60)."""

    bucket: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$")]
    dataset: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,1024}$")] = "eros_backups"
    daily_retention_days: Days = 30
    """Days that a backup is kept, unless it was taken before a deployment."""
    deployment_retention_days: Days = 90
    external_tables: list[str] = ["active_caption_assignments", "caption_bank"]
    """External tables that backups hold as well (docs/requirements.md C-61)."""
    operators: list[Member] = []
    """Who makes and restores backups, beside the deployer."""
    job_timeout_seconds: PositiveInt = 1800
    """Longest statement of a backup or restore: a rollback's limit (docs/requirements.md C-65)."""


class Logs(Section):
    """Log buckets in Cloud Logging, which keep what `eros` records (docs/logs.md)."""

    application_retention_days: LogDays = 30
    """Days that commands, warnings, errors and timings are kept."""
    audit_retention_days: LogDays = 90
    """Days that the audit and the course of deployments, rollbacks and backups are kept."""
    lock_audit: bool = False
    """Lock the bucket of the audit. Nobody can undo it: its retention never changes again, and it
    can be deleted only when every entry in it has ended."""


class Lease(Section):
    """Whose a sandbox is and until when (docs/sandboxes.md)."""

    owner: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,63}$")]
    """Who made it, as the label `owner` of its datasets."""
    expires: date
    """The last day, in UTC; `eros sandbox sweep` destroys it afterwards."""
    days: Annotated[int, Field(gt=0, le=90)] = 7
    """Days that a new table lives without an expiration of its own, one more as grace."""
    source: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,100}$")]
    """Stack whose tables it clones, and that its rows are compared with."""
    data: Literal["clone", "sample", "none"] = "clone"
    """Rows that it began with."""


class Access(Section):
    """Who may read and write the dataset, beside the runner's own account."""

    readers: list[Member] = []
    writers: list[Member] = []
    builders: list[Member] = []
    """Accounts of schedule builders: they write the dataset and run jobs (docs/builder.md)."""
    sandbox_owners: list[Member] = []
    """Who may make sandboxes beside the stack: a custom role in the project (docs/sandboxes.md)."""

    @model_validator(mode="after")
    def _a_member_writes_once(self) -> Access:
        both = sorted({*self.writers} & {*self.builders})
        if both:
            raise ValueError(
                f"{both[0]!r} is in both writers and builders; builders can already write"
            )
        return self
