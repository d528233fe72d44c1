"""Procedures that may run twice for one moment, and why nothing is doubled.

Data Transfer fires a run on the hour twice at times, and people repeat what failed. The cases of
tests/sql/cases/<procedure>/ run them again.
"""

WHY = {
    "archive_inactive_assignments": "a row that was moved is no longer there to be moved again",
    "evaluate_alerts": "a transition that was recorded is no longer a transition",
    "prepare_retry": "waits before a run is tried again; its alert ends the run",
    "record_health_check": "a second measurement does no harm; readers take the newest",
    "record_query_costs": "recomputes the totals of each run and of the day",
    "refresh_holiday_calendar": "merges the computed dates by date and name",
    "release_schedule_requests": "a request that was released has no lease left",
    "run_daily_automation": "one run per local date; queued pages are left alone",
    "stop_overdue_runs": "a stopped run is no longer active, and its alert exists",
    "sweep_expired_caption_locks": "a lock that was released is no longer active",
    "update_caption_performance": "counts only what differs from what was counted before",
}
