"""Data Transfer at work: schedules, the clock that follows them and the runs."""
