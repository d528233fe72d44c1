"""Backups of the tables: table snapshots of one moment, and copies in the bucket.

What other parts of EROS call (all times are aware and in UTC; `progress` gets one line of
text per step; mistakes of the user and refusals are UserError, Google's own failures are
`bqstack.failures.FAILURES`):

- `create(google, *, kind=Kind.MANUAL, tables=None, also=(), export=False, at=None,
  progress=quiet) -> Backup`: snapshots of all tables worth keeping, or of `tables`, and of those
  of `also` that are deployed, as they are now or were `at` a moment within time travel. Complete
  or not there: a backup that was interrupted is listed as INCOMPLETE and never restored.
- `listing(google) -> list[Backup]`: newest first, INCOMPLETE and EXPIRED ones too;
  `Backup.state`, `.id`, `.kind`, `.time`, `.made`, `.expires`, `.rows`, `.bytes`, `.tables`.
- `find(google, text=None, *, tables=None, source=Source.SNAPSHOT) -> Backup`: the complete backup
  of a stamp (`20251031_143022` or `2025-10-31_143022`), or the newest complete one that holds
  `tables` (all without it), can be read from `source` and was not made by a restore.
- `verify(google, backup, *, source=Source.SNAPSHOT, tables=None, progress=quiet)
  -> list[Comparison]`: restored into a scratch dataset and compared; `Comparison.equal`.
- `plan(google, backup, *, tables=None, source=Source.SNAPSHOT, progress=quiet)`: a context
  manager that gives a `Plan`: rows now and then, columns, warnings. Nothing is changed.
- `differing(google, plan, *, progress=quiet) -> Plan`: the plan for those of its tables whose rows
  are not what they would come to.
- `execute(google, plan, *, force=False, safety=True, progress=quiet) -> Restore`: the rows of
  all tables are replaced in one transaction, then compared. `Restore.equal`.
- `restore(google, backup, *, tables=None, source=Source.SNAPSHOT, force=False, safety=True,
  progress=quiet) -> Restore`: `plan` and `execute` in one call. `force` goes on while
  scheduled queries run, never beside a restore that has not ended; `safety=False`
  leaves out the safety backup, for callers that have just taken one.
- `unfinished(google) -> Attempt | None` and `resume(google, attempt, *, force=False,
  progress=quiet) -> Restore`: a restore that was interrupted, and its end.
- `prune(google, *, dry_run=False, progress=quiet) -> list[Removal]`.
- `checksums(google, tables=None, *, at=None) -> dict[str, Sums]`: rows and an order-independent
  checksum of every column of the live tables, now or at a moment within time travel. Equal
  `Sums` mean equal rows.
- `obstacle(google, tables, moment, *, spare=timedelta(0)) -> str | None`: why time travel does
  not reach a moment of these tables, `spare` longer than now; None when it does.
- `require_rows(google)`: raises where `create` without `tables` is refused because a table that it
  names is a view, or read from files.
- `tables_of(google) -> list[str]`: the tables that a backup holds unless told otherwise;
  `is_deployed(google) -> bool`: whether there is a place for backups yet (there is none
  before the first `up`).
"""

from eros.operations.backup.backup_record import Backup, Sums, TableCopy
from eros.operations.backup.chosen_tables import require_rows, tables_of
from eros.operations.backup.creation import create
from eros.operations.backup.inventory import find, listing
from eros.operations.backup.ledger import Attempt, is_deployed, unfinished
from eros.operations.backup.names import Kind, Source, State
from eros.operations.backup.progress import quiet
from eros.operations.backup.pruning import Removal, prune
from eros.operations.backup.restore_plan import Plan, plan
from eros.operations.backup.restoring import (
    Comparison,
    Restore,
    differing,
    execute,
    restore,
    resume,
)
from eros.operations.backup.sums import checksums
from eros.operations.backup.travel import obstacle
from eros.operations.backup.verifying import verify

__all__ = [
    "Attempt",
    "Backup",
    "Comparison",
    "Kind",
    "Plan",
    "Removal",
    "Restore",
    "Source",
    "State",
    "Sums",
    "TableCopy",
    "checksums",
    "create",
    "differing",
    "execute",
    "find",
    "is_deployed",
    "listing",
    "obstacle",
    "plan",
    "prune",
    "quiet",
    "require_rows",
    "restore",
    "resume",
    "tables_of",
    "unfinished",
    "verify",
]
