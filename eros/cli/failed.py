"""What ended a command: a mistake of its user's, a service's refusal, or a mistake of ours."""

from __future__ import annotations

from bqstack.errors import UserError


def reason(error: BaseException) -> str | None:
    """One message for a user's mistake and for a service that refuses; None for any other error."""
    if isinstance(error, UserError):
        return str(error)
    # Late: what Google's libraries raise takes longer to import than most commands to run.
    from bqstack.failures import FAILURES, explained

    return explained(error) if isinstance(error, FAILURES) else None
