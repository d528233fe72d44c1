"""What the help says of each command, without importing any.

`eros --help` and completion need one line a command; the commands' own modules take seconds
to import. A test holds these lines to the modules' own.
"""

from __future__ import annotations

SUMMARIES = {
    "adopt": "Compare what exists with the program, and write what is needed to adopt it.",
    "alerts": "What fires, what has happened, and taking an alert.",
    "backup": "Back up the tables, and put their rows back.",
    "dashboard": "Write the declared dashboards with the stack's real figures as one HTML file.",
    "deploy": "Deploy the program to a stack, safely; exit codes 0 to 5 (docs/deploy.md).",
    "diff": "Compare the rows of changed views and functions, and of what reads them.",
    "docs": "Write what follows from sql/, config/ and settings: docs, rules, schemas, .sqlfluff.",
    "health": "Check the system; exit code 0 healthy, 1 warning, 2 critical or out of reach.",
    "learning": (
        "Report what ranking captions earns, against those drawn at random, by size of page."
    ),
    "local": "The system on a local Google Cloud.",
    "monitor": "Ask one of the monitoring queries; without an argument, list them.",
    "plan": "Tell what a change would do: objects, columns downstream, losses, schedules, costs.",
    "preflight": (
        "Check what a deployment needs, without changing anything; exit code 1 when it is not met."
    ),
    "query": "Run one SELECT. Tables need no dataset; what it reads is shown before it runs.",
    "repair": "Find out how a killed update ended: lock, state file, resources of unknown end.",
    "rollback": "Take the stack back to an earlier update: definitions, and with --data the rows.",
    "run": "Start a scheduled query and wait for its end.",
    "sample": "Load a realistic sample: creators, captions, messages, assignments.",
    "validate": (
        "Check all files, SQL by Google's analyser, and the policies; exit code 1 on a mistake."
    ),
}
