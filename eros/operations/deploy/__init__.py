"""`eros deploy`: from a clean tree to a system that is proven to work, or back again.

    site = Site("prod", google)
    findings = preflight.check(site)                 # what `eros preflight` shows

    journal = begin("prod", commit, resume=False, fresh=False, dry_run=False)
    outcome = run(Deployment(site, options, journal, progress, ask, now), standard())
    outcome.code                                     # ExitCode, docs/deploy.md#exit-codes

The steps are objects in `steps.py`, each with one job; docs/deploy.md tells them in order.
"""

from eros.operations.deploy.deploy_journal import Journal, unfinished
from eros.operations.deploy.deploying import Outcome, begin, run
from eros.operations.deploy.deployment import (
    Deployment,
    ExitCode,
    Finding,
    Level,
    Options,
    Site,
    StepFailed,
)
from eros.operations.deploy.steps import standard

__all__ = [
    "Deployment",
    "ExitCode",
    "Finding",
    "Journal",
    "Level",
    "Options",
    "Outcome",
    "Site",
    "StepFailed",
    "begin",
    "run",
    "standard",
    "unfinished",
]
