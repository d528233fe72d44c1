"""A local cloud behind the proxy, a copy of the program, and what may be asked of both."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from dev.chaos import proxy
from dev.program_copy import copy_program
from eros.project.settings import PROJECT_ROOT
from gcptypes.records import TABLE

PROJECT = "eros-local"
DATASET = "eros_scheduling_brain"
PULUMI_UP = ("pulumi", "up", "--stack", "local", "--yes", "--skip-preview", "--non-interactive")
EROS = (sys.executable, "-m", "eros.cli.app")
# Without it nobody asks the cloud for its clock.
_TOKEN = "control-token"
# No operation takes this long, five times over on a busy machine.
PATIENCE_SECONDS = 900
# Where Google chooses the id: a second one of the same title is a double.
_TITLED = {
    "transferConfigs": ("bigqueryDataTransferCustomEndpoint", "projects/{0}/locations/US/{1}"),
    "alertPolicies": ("monitoringCustomEndpoint", "v3/projects/{0}/{1}"),
    "notificationChannels": ("monitoringCustomEndpoint", "v3/projects/{0}/{1}"),
    "dashboards": ("monitoringCustomEndpoint", "v1/projects/{0}/{1}"),
}


@dataclass(frozen=True)
class Ended:
    """A command that has finished."""

    code: int | None
    """None when it had to be stopped."""
    output: str
    calls: int

    @property
    def is_good(self) -> bool:
        """Whether it did its work."""
        return self.code == 0

    @property
    def is_clear(self) -> bool:
        """Whether it says what happened: no trace, no endless wait."""
        if self.code is None or "Traceback (most recent call last)" in self.output:
            return False
        return self.is_good or "error" in self.output.lower()


class World:
    """A deployed stack with some rows, in a folder of its own."""

    def __init__(self, root: Path, folder: Path, plan: proxy.Plan) -> None:
        self.root = root
        self.plan = plan
        self._folder = folder
        self._environment = os.environ | {
            "PULUMI_BACKEND_URL": f"file://{root / 'state'}",
            "EROS_LOCAL_BACKEND_URL": f"file://{root / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "EROS_LOCAL_DIR": str(folder),
            "EROS_LOG_DIR": str(root / "logs"),
        }

    @property
    def state_file(self) -> Path:
        """The stack's state as the engine keeps it."""
        return self.root / "state/.pulumi/stacks/eros/local.json"

    def run(
        self,
        *command: str,
        fault: str | None = None,
        number: int = 0,
        within: Path | None = None,
    ) -> Ended:
        """Run a command in the program's folder, or `within` another copy of it.

        `fault` spoils its call `number`.
        """
        started = threading.Event()
        holder: list[subprocess.Popen[str]] = []

        def kill() -> None:
            started.wait()
            _end(holder[0])

        self.plan.arm(fault, number, kill)
        process = subprocess.Popen(
            command,
            cwd=within or self.root,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        holder.append(process)
        started.set()
        try:
            output, _ = process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            _end(process)
            output, _ = process.communicate()
            return Ended(None, output, self.plan.count)
        return Ended(process.returncode, output, self.plan.count)

    def must(self, *command: str, within: Path | None = None) -> Ended:
        """Run a command that has no reason to fail."""
        ended = self.run(*command, within=within)
        if not ended.is_good:
            raise RuntimeError(f"{' '.join(command)} failed without a fault:\n{ended.output}")
        return ended

    def query(self, sql: str) -> list[tuple]:
        """Rows of a query, beside the program's back."""
        return [tuple(row.values()) for row in self._bigquery.query_and_wait(sql)]

    def rows(self) -> dict[str, int]:
        """Rows of the tables that hold what nobody can compute again."""
        dataset = f"`{PROJECT}`.`{DATASET}`"
        names = ("captions", "caption_bank", "mass_messages")
        return {n: self.query(f"SELECT COUNT(*) FROM {dataset}.{n}")[0][0] for n in names}

    def doubles(self) -> list[str]:
        """Titles that are there more than once."""
        endpoints = json.loads((self._folder / "endpoints.json").read_text(encoding="utf-8"))
        found = []
        for kind, (key, path) in _TITLED.items():
            url = endpoints[key] + path.format(PROJECT, kind)
            items = requests.get(url, params={"pageSize": 1000}, timeout=60).json().get(kind, [])
            counts = Counter(item["displayName"] for item in items)
            found += [f"{kind}: {title}" for title, n in counts.items() if n > 1]
        return found

    def missing(self) -> list[str]:
        """Tables and views of the state that BigQuery does not have."""
        latest = json.loads(self.state_file.read_text(encoding="utf-8"))["checkpoint"]["latest"]
        have = {t.table_id for t in self._bigquery.list_tables(f"{PROJECT}.{DATASET}")}
        return [
            resource["inputs"]["tableId"]
            for resource in latest["resources"]
            if resource["type"] == TABLE
            and resource["inputs"]["datasetId"] == DATASET
            and resource["inputs"]["tableId"] not in have
        ]

    @property
    def _bigquery(self) -> bigquery.Client:
        endpoints = json.loads((self._folder / "endpoints.json").read_text(encoding="utf-8"))
        root = endpoints["bigQueryCustomEndpoint"].removesuffix("/bigquery/v2/")
        return bigquery.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": root},
        )


def _fill(world: World) -> None:
    dataset = f"`{PROJECT}`.`{DATASET}`"
    world.query(
        f"INSERT INTO {dataset}.captions (caption_id, caption_text) "
        "SELECT CAST(n AS STRING), CONCAT('text ', CAST(n AS STRING)) "
        "FROM UNNEST(GENERATE_ARRAY(1, 500)) AS n"
    )


@contextmanager
def deployed(
    folder: Path,
    change: Callable[[Path], object] = lambda root: None,
    fill: Callable[[World], object] = _fill,
) -> Iterator[World]:
    """A world whose first `up` has been made, of a program that `change` has changed before."""
    cloud, faulty, root = folder / "cloud", folder / "faulty", folder / "program"
    root.mkdir(parents=True)
    copy_program(root)
    change(root)
    (root / "state").mkdir()
    faulty.mkdir()
    plan = proxy.Plan()
    with ExitStack() as closing:
        _control(cloud, "up")
        closing.callback(_control, cloud, "down")
        endpoints = json.loads((cloud / "endpoints.json").read_text(encoding="utf-8"))
        proxies: dict[str, str] = {}
        for key, url in endpoints.items():
            if key.endswith("CustomEndpoint"):
                origin = "http://" + urlsplit(url).netloc
                if origin not in proxies:
                    proxies[origin] = closing.enter_context(proxy.serving(origin, plan))
                endpoints[key] = url.replace(origin, proxies[origin])
        (faulty / "endpoints.json").write_text(json.dumps(endpoints), encoding="utf-8")
        shutil.copy(cloud / _TOKEN, faulty / _TOKEN)
        world = World(root, faulty, plan)
        world.must("pulumi", "stack", "init", "local", "--non-interactive")
        world.must(*PULUMI_UP)
        fill(world)
        yield world


def _control(folder: Path, command: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "localgcp", command],
        cwd=PROJECT_ROOT,
        env=os.environ | {"EROS_LOCAL_DIR": str(folder)},
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _end(process: subprocess.Popen[str]) -> None:
    """As a machine that stops: the command with all that it has started."""
    # The engine has a session of its own, and its plugins have groups of their own.
    with suppress(psutil.NoSuchProcess):
        command = psutil.Process(process.pid)
        for one in [command, *command.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                one.kill()
