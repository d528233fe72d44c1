"""What the help says of each command, without importing any.

`eros --help` and completion need one line a command; the commands' own modules take seconds
to import. A test holds these lines to the modules' own.
"""

from __future__ import annotations

SUMMARIES = {
    "adopt": "Compare existing resources with the program and write the files that adopt them.",
    "alerts": "List alerts, show their history, acknowledge one.",
    "announce": ("Announce a deployment, a day before, through the stack's notification channels."),
    "backup": "Back up the tables and restore them.",
    "dashboard": "Write the declared dashboards with the stack's real figures as one HTML file.",
    "deploy": "Deploy the program to a stack, safely; exit codes 0 to 5 (docs/deploy.md).",
    "diff": "Compare the rows of changed views and functions, and of what reads them.",
    "docs": "Generate files from sql/, config/ and the settings: docs, rules, schemas, .sqlfluff.",
    "health": (
        "Check the system's health. Exit codes: 0 healthy, 1 warning, 2 critical or unreachable."
    ),
    "learning": "Compare the earnings of ranked and random captions, by page size.",
    "local": "The whole system on this machine, on a local Google Cloud.",
    "logs": "Show what commands recorded in Cloud Logging, on any machine, newest last.",
    "monitor": "Run a monitoring query, or list them all.",
    "plan": "Show what a change would do: objects, downstream columns, losses, schedules, costs.",
    "preflight": "Run the checks before a deployment. Changes nothing; exit code 1 if one fails.",
    "query": "Run a SELECT, after showing how many bytes it reads. Table names need no dataset.",
    "repair": "Repair a stack after an interrupted update: lock, state file, open operations.",
    "rollback": "Roll the stack back to an earlier update; --data restores the rows as well.",
    "run": "Run a scheduled query now and wait until it finishes.",
    "sample": "Load a realistic sample: creators, captions, messages, assignments.",
    "sandbox": "The whole system on clones of a stack's tables, for a person or a pull request.",
    "validate": (
        "Check all files, the SQL (with Google's analyser) and the policies; exit code 1 on errors."
    ),
}
