"""Structured logs of the command: JSON lines in four streams (docs/logs.md).

    log = logs.Log("backup")
    log.info("snapshot made", table="caption_bank", rows=1200)        # application
    log.audit("backup created", result="succeeded", backup="b-17")    # audit
    log.deployment("schedules paused", paused=8)                      # deployment
    with log.timer("checksums", tables=7):                            # performance
        ...

Records go to files, and those of a command that changes a stack to Cloud Logging, too
(`eros.cloud.cloud_logs`); what a person reads on the terminal is the commands' own. Before
`logs.start` (a test, an import) records go nowhere. Every record of one invocation carries the
same correlation id, and so does every BigQuery job, as its label `correlation`.
docs/logs.md says where the files are; docs/decisions/014-logs.md why it is done like this.
"""

from eros.logs.forwarding import Line
from eros.logs.invocation import default_folder, finish, flush, forward, start
from eros.logs.log import Log
from eros.logs.query_log import Recorder, recorders
from eros.logs.record import Stream, correlation
from eros.logs.redaction import redacted

__all__ = [
    "Line",
    "Log",
    "Recorder",
    "Stream",
    "correlation",
    "default_folder",
    "finish",
    "flush",
    "forward",
    "recorders",
    "redacted",
    "start",
]
