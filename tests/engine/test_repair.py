"""`eros repair` after an engine that did not finish.

The tests of this file run in order on one program.
"""

import json
import os
import signal
import subprocess
import sys

from tests.engine.conftest import PROJECT, Program
from tests.engine.test_faults import transfer_config_titles, up_until

# Their dependents go with them: schedules and alert policies.
LOST = ("evaluate_alerts", "backup_contents", "growth", "job_run_seconds")


def lost(resources: list[dict]) -> list[dict]:
    """The resources of LOST, and what hangs on them, in their order."""
    urns: set[str] = set()
    found = []
    for resource in resources:
        urn = resource["urn"]
        named = urn.rpartition("::")[2] in LOST and resource["type"].startswith("gcp:")
        if named or urns & set(resource.get("dependencies") or ()):
            urns.add(urn)
            found.append(resource)
    return found


def repair(program: Program, fails: bool = False) -> dict:
    """`eros repair` of a copy of the program; its report."""
    result = subprocess.run(
        [sys.executable, "-m", "eros.cli.app", "repair", "--format", "json"],
        cwd=program.root,
        env=program.environment
        | {
            "EROS_LOCAL_DIR": str(program.cloud.folder),
            "EROS_LOG_DIR": str(program.root / "logs"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode != 0) is fails, result.stdout + result.stderr
    return json.loads(result.stdout) if not fails else {"error": result.stderr}


def _name(resource: dict) -> str:
    return resource["urn"].rpartition("::")[2]


def kill_engine(running: subprocess.Popen[str]) -> None:
    """End pulumi, the program and the plugins at once, as a machine that stops does."""
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()


def test_a_first_update_that_was_killed_is_finished_by_repair_and_the_next_one(program, cloud):
    kill_engine(up_until(program, created=40, start_new_session=True))
    output = program.pulumi("up", "--stack", "local", "--yes", "--skip-preview", fails=True)
    # The kill may have hit the writing of the state, too: repair fixes both.
    assert "currently locked" in output or "failed to load checkpoint" in output

    done = repair(program)
    assert len(done["locks"]) == 1
    assert done["doubles"] == []
    assert done["left"]["create"] > 0
    program.up()
    program.assert_converged()
    titles = transfer_config_titles(cloud)
    assert len(titles) == len(set(titles)), "no config is doubled"


def test_what_was_created_and_not_written_down_is_taken_over(program, cloud):
    # In the file: `pulumi stack import` takes operations out.
    file = program.root / "state/.pulumi/stacks/eros/local.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    deployment = document["checkpoint"]["latest"]
    gone = lost(deployment["resources"])
    assert {r["type"] for r in gone} >= {
        "gcp:bigquery/dataTransferConfig:DataTransferConfig",
        "gcp:bigquery/routine:Routine",
        "gcp:bigquery/table:Table",
        "gcp:logging/metric:Metric",
        "gcp:monitoring/alertPolicy:AlertPolicy",
        "gcp:monitoring/dashboard:Dashboard",
    }
    deployment["resources"] = [r for r in deployment["resources"] if r not in gone]
    deployment["pending_operations"] = [
        {
            "type": "creating",
            "resource": {k: v for k, v in r.items() if k not in ("id", "outputs")},
        }
        for r in gone
    ]
    file.write_text(json.dumps(document), encoding="utf-8")

    output = program.up(fails=True)
    assert "eros repair --stack local" in output
    assert "nothing has been changed" in output

    before = transfer_config_titles(cloud)
    done = repair(program)
    assert done["forgotten"] == []
    assert set(done["imported"]) == {_name(r) for r in gone}
    assert set(done["left"]) <= {"create"}
    program.up()
    program.assert_converged()
    assert transfer_config_titles(cloud) == before
    ids = {r["urn"]: r.get("id") for r in program.state()}
    assert all(ids[r["urn"]] == r["id"] for r in gone)


def test_the_copy_of_a_broken_state_is_put_back(program):
    file = program.root / "state/.pulumi/stacks/eros/local.json"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    program.pulumi("preview", "--stack", "local", fails=True)
    done = repair(program)
    assert done["stateOf"]
    program.up()
    program.assert_converged()
    assert f"projects/{PROJECT}" in file.read_text(encoding="utf-8")


def test_a_whole_stack_has_nothing_to_repair(program):
    done = repair(program)
    assert not done["left"]
    assert not any(done[key] for key in ("locks", "stateOf", "imported", "forgotten", "lookedAt"))
