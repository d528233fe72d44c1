"""Faults while the engine works."""

import json
import os
import signal
import subprocess
from typing import Any

import requests

from tests.engine.conftest import PROJECT, Cloud, Program


def kill_processes(cloud: Cloud) -> None:
    """End every process of the cloud without notice."""
    processes = json.loads((cloud.folder / "processes.json").read_text(encoding="utf-8"))
    for process in processes.values():
        os.kill(process["pid"], signal.SIGKILL)


def up_until(program: Program, created: int, **options: Any) -> subprocess.Popen[str]:
    """Start an `up` and return when that many resources have been created.

    `options` are those of Popen.
    """
    running = subprocess.Popen(
        ["pulumi", "up", "--stack", "local", "--yes", "--skip-preview", "--non-interactive"],
        cwd=program.root,
        env=program.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )
    seen = 0
    for line in running.stdout:
        seen += " created (" in line
        if seen >= created:
            return running
    raise AssertionError("the update ended before it was interrupted")


def transfer_config_titles(cloud: Cloud) -> list[str]:
    base = cloud.endpoints["bigqueryDataTransferCustomEndpoint"]
    answer = requests.get(f"{base}projects/{PROJECT}/locations/US/transferConfigs", timeout=10)
    return sorted(config["displayName"] for config in answer.json().get("transferConfigs", []))


def test_an_update_goes_on_after_the_cloud_was_killed_in_the_middle(program, cloud):
    interrupted = up_until(program, created=30)
    kill_processes(cloud)
    output, _ = interrupted.communicate()
    assert interrupted.returncode != 0
    assert "eros local up" in output, "the error says how to go on"

    cloud.control("up")
    program.up()
    program.assert_converged()
    titles = transfer_config_titles(cloud)
    assert len(titles) == len(set(titles)), "no config is doubled"
    client = cloud.bigquery
    for resource in program.state():
        if resource["type"] == "gcp:bigquery/table:Table":
            table = resource["outputs"]
            assert client.get_table(f"{PROJECT}.{table['datasetId']}.{table['tableId']}"), (
                "none is lost"
            )
