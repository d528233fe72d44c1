"""`python -m localgcp.apis`: serve Google's APIs on a loopback port until stopped."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from localgcp import clockfile
from localgcp.loopback import KEEP_ALIVE_SECONDS

from .call import Cloud
from .clock import Clock
from .control import Control, load_token
from .job_history.publisher import JobHistory
from .monitoring.evaluator import Evaluator
from .server import GoogleApis, build_app
from .store import Store
from .transfers.executor import TransferWorker
from .transfers.scheduled_query import QueryRunner
from .transfers.walk import Walk


def create_app(
    cloud: Cloud,
    *,
    follow_clock: bool,
    queries: QueryRunner | None = None,
    job_history: bool = False,
    token: str | None = None,
) -> Starlette:
    """The application over the state in `cloud.data_dir`.

    `queries` stands in for BigQuery; control calls must carry `token`, if there is one.
    """
    store = Store(cloud.data_dir / "google.sqlite")
    worker = TransferWorker(cloud, store, queries or QueryRunner(cloud), follow_clock=follow_clock)
    history = JobHistory(cloud, store) if job_history else None
    evaluator = Evaluator(cloud, store)
    apis = GoogleApis(cloud, store, worker.wake)
    walk = Walk(cloud, store, worker, history, evaluator)
    control = Control(cloud, store, worker, walk, token)

    def start() -> None:
        worker.start()
        evaluator.start()
        if history is not None:
            history.start()

    def stop() -> None:
        walk.stop()
        evaluator.stop()
        if history is not None:
            history.stop()
        worker.stop()
        store.close()

    return build_app(apis, control.routes(), start=start, stop=stop)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m localgcp.apis", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1")
    parser.add_argument("--data-dir", type=Path, required=True, help="where the state is kept")
    parser.add_argument("--bigquery-url", required=True, help="for example http://127.0.0.1:9050")
    parser.add_argument("--project", required=True, help="id of the one project")
    parser.add_argument("--project-number", required=True, help="number of the one project")
    scheduler = parser.add_mutually_exclusive_group()
    scheduler.add_argument(
        "--follow-clock", action="store_true", help="start transfer runs when they are due"
    )
    scheduler.add_argument(
        "--no-scheduler", action="store_true", help="runs start by hand only (the default)"
    )
    parser.add_argument(
        "--no-job-history",
        action="store_true",
        help="leave the tables named job_history alone",
    )
    return parser.parse_args()


def main() -> None:
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    cloud = Cloud(
        project=arguments.project,
        project_number=arguments.project_number,
        data_dir=arguments.data_dir,
        bigquery_url=arguments.bigquery_url,
        clock=Clock(arguments.data_dir / clockfile.NAME),
    )
    app = create_app(
        cloud,
        follow_clock=arguments.follow_clock,
        job_history=not arguments.no_job_history,
        token=load_token(arguments.data_dir),
    )
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=arguments.port,
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )


if __name__ == "__main__":
    main()
