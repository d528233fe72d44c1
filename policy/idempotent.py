"""Procedures that may run twice for one moment, and why nothing is doubled.

Data Transfer fires a run on the hour twice at times, and people repeat what failed. The cases of
tests/sql/cases/<procedure>/ run them again.
"""

WHY = {
    "archive_inactive_assignments": "a row that was moved is not there to be moved again",
    "evaluate_alerts": "a transition that was recorded is none any more",
    "prepare_retry": "waits between two tries of a run; its alert ends the run",
    "record_health_check": "a second reading is a reading; readers take the newest",
    "record_query_costs": "recomputes the totals of each run and of the day",
    "refresh_holiday_calendar": "merges the computed dates by date and name",
    "release_schedule_requests": "a request that was released has no lease to end",
    "run_daily_automation": "one run per local date; pages that are queued are left alone",
    "stop_overdue_runs": "a run that was stopped is at work no more, and its alert is there",
    "sweep_expired_caption_locks": "a lock that was ended is not active",
    "update_caption_performance": "counts what differs from what was counted",
}
