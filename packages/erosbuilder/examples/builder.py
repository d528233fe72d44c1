"""A whole schedule builder: ten captions a page and day, an hour apart.

    python builder.py PROJECT DATASET [NAME]

It works until no request waits and then ends; a scheduler starts it every five minutes.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import sys

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from erosbuilder import Builder

CAPTIONS_A_DAY = 10
# The key is the lock of the caption, so that writing twice leaves each message once.
WRITE = """
    MERGE INTO {dataset}.schedule_recommendations AS schedule
    USING (
        SELECT
            *,
            ROW_NUMBER() OVER (ORDER BY assigned_at, assignment_id) AS place
        FROM {dataset}.held_captions(@page, @date)
    ) AS held
        ON
            schedule.recommendation_id = held.assignment_id
            AND schedule.schedule_date = @date
    WHEN NOT MATCHED THEN
        INSERT (recommendation_id, page_name, caption_id, schedule_date, send_at, created_at)
        VALUES (
            held.assignment_id,
            held.page_name,
            held.caption_id,
            @date,
            TIMESTAMP_ADD(TIMESTAMP(@date, 'America/Los_Angeles'), INTERVAL 8 + held.place HOUR),
            CURRENT_TIMESTAMP()
        )
"""


def main(project: str, dataset: str, name: str) -> None:
    """Build the schedules of all requests that wait."""
    is_local = "BIGQUERY_EMULATOR_HOST" in os.environ
    client = bigquery.Client(
        project=project, credentials=AnonymousCredentials() if is_local else None
    )
    builder = Builder(client, dataset, name)
    while True:
        with builder.request() as request:
            if request is None:
                return
            send_date = request.execution_date + dt.timedelta(days=1)
            captions = request.captions(send_date, CAPTIONS_A_DAY)
            builder.query(WRITE, page=request.page_name, date=send_date)
            request.exported(send_date, len(captions), f"{dataset}.schedule_recommendations")
            print(f"{request.page_name}: {len(captions)} captions for {send_date}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: python builder.py PROJECT DATASET [NAME]")
    main(*sys.argv[1:3], *(sys.argv[3:4] or [socket.gethostname()]))
