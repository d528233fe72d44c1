"""GitHub's workflows: right for actionlint, least rights, pinned, and nothing a laptop has not."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file

FOLDER = PROJECT_ROOT / ".github"
FILES = sorted(FOLDER.glob("workflows/*.yml"))
ACTIONS = sorted(FOLDER.glob("actions/*/action.yml"))
# The jobs that write, and what; the rest reads.
WRITES = {
    ("pull-request", "comment"): {"pull-requests"},
    ("fork-comment", "comment"): {"pull-requests"},
    ("drift", "drift"): {"issues"},
    ("backup", "backup"): {"issues"},
    ("backup", "verify"): {"issues"},
}
# The eight jobs of the first pipeline (docs/ci.md) and what does their work now.
EIGHT = {
    "Lint Python": ("checks", "lint"),
    "SQL validation": ("checks", "sql"),
    "Shellcheck": ("checks", "shell"),
    "Unit tests": ("checks", "test"),
    "Dry-run analyzer": ("pull-request", "plan"),
    "Smoke tests": ("checks", "test"),
    "Security scan": ("checks", "security"),
    "Documentation check": ("checks", "docs"),
}


def load(file: Path) -> dict[str, Any]:
    # `on` is a word for true in YAML 1.1, which PyYAML reads.
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    document["on"] = document.pop(True, None)
    return document


DOCUMENTS = {file.stem: load(file) for file in FILES}


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, document in DOCUMENTS.items():
        for key, job in document["jobs"].items():
            yield name, key, job


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, key, job in jobs():
        for step in job.get("steps", []):
            yield f"{name}.{key}", step
    for file in ACTIONS:
        for step in load(file)["runs"]["steps"]:
            yield file.parent.name, step


def test_actionlint_finds_nothing():
    done = subprocess.run(
        [sys.executable, "-m", "tools.workflows"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_sees_a_wrong_expression_and_shellcheck_an_unquoted_word(tmp_path):
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(
        "on: push\n"
        "jobs:\n"
        "  one:\n"
        "    runs-on: ubuntu-24.04\n"
        "    steps:\n"
        "      - run: echo ${{ github.evnt }}\n"
        "      - run: cat $HOME/a b\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "tools.workflows", wrong],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert 'property "evnt" is not defined' in done.stdout
    assert "SC2086" in done.stdout


def test_every_action_is_pinned_to_a_commit_and_says_its_version():
    for file in (*FILES, *ACTIONS):
        for line in file.read_text(encoding="utf-8").splitlines():
            used = re.search(r"uses:\s*(\S+)(.*)", line)
            if used and not used[1].startswith("./"):
                assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used[1]), line
                assert re.fullmatch(r" # v\d+\.\d+\.\d+", used[2]), line


def test_one_action_has_one_version():
    found: dict[str, set[str]] = {}
    for _, step in steps():
        name, _, commit = step.get("uses", "").partition("@")
        found.setdefault(name, set()).add(commit)
    assert {name for name, commits in found.items() if len(commits) > 1} == set()


def test_workflows_read_and_only_named_jobs_write():
    for name, document in DOCUMENTS.items():
        assert document["permissions"] == {"contents": "read"}, name
    for name, key, job in jobs():
        granted = job.get("permissions", {})
        writes = {right for right, level in granted.items() if level == "write"} - {"id-token"}
        assert writes == WRITES.get((name, key), set()), (name, key)


def test_an_identity_of_google_is_asked_for_only_where_it_is_used():
    for name, key, job in jobs():
        uses = any("actions/google" in step.get("uses", "") for step in job.get("steps", []))
        asks = job.get("permissions", {}).get("id-token") == "write"
        assert uses is asks, (name, key)
        assert uses is ("environment" in job), f"{name}.{key}: its variables are an environment's"


@pytest.mark.parametrize("backend", ["", "gs://bucket"])
def test_a_stack_without_a_backend_is_not_looked_for_on_the_runner(tmp_path, backend):
    file = tmp_path / "environment"
    file.touch()
    step = load(FOLDER / "actions" / "google" / "action.yml")["runs"]["steps"][-1]
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
        env=os.environ
        | {"BACKEND": backend, "GITHUB_ENV": str(file), "RUNNER_TEMP": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is bool(backend)
    assert ("no variable PULUMI_BACKEND_URL" in done.stdout) is not bool(backend)
    records = tmp_path / "records"
    reported = f"PULUMI_BACKEND_URL={backend}\nEROS_LOG_DIR={records}\n"
    assert file.read_text() == (reported if backend else "")
    assert records.is_dir() is bool(backend)


@pytest.mark.parametrize("reports", [0, 2])
def test_reports_are_in_the_summary_of_the_job(tmp_path, reports):
    for number in range(reports):
        folder = tmp_path / "records" / "deployments" / "prod" / str(number)
        folder.mkdir(parents=True)
        (folder / "report.md").write_text(f"report {number}\n", encoding="utf-8")
    (tmp_path / "records").mkdir(exist_ok=True)
    summary = tmp_path / "summary.md"
    [tell, upload] = load(FOLDER / "actions" / "records" / "action.yml")["runs"]["steps"]
    subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", tell["run"]],
        env=os.environ
        | {"EROS_LOG_DIR": str(tmp_path / "records"), "GITHUB_STEP_SUMMARY": str(summary)},
        check=True,
    )
    assert sorted(summary.read_text().splitlines()) == [f"report {n}" for n in range(reports)]
    assert upload["with"]["if-no-files-found"] == "error"


def test_what_a_job_writes_down_outlives_its_runner():
    """Also when the job has failed: that is when somebody wants to read it."""
    for name, key, job in jobs():
        runs = [step.get("run", "") for step in job.get("steps", [])]
        changes = any(re.search(r"make (deploy|backup|verify)\b", run) for run in runs)
        keeps = [s for s in job.get("steps", []) if "actions/records" in s.get("uses", "")]
        assert len(keeps) == changes, (name, key)
        assert all(step["if"] == "always()" for step in keeps), (name, key)


def test_a_release_is_watched_for_half_an_hour():
    [job] = [job for name, key, job in jobs() if (name, key) == ("release", "production")]
    assert any("OBSERVE=30" in step.get("run", "") for step in job["steps"])
    assert job["timeout-minutes"] == 90


def test_every_job_ends_by_itself_and_leaves_no_credentials_in_the_folder():
    for name, key, job in jobs():
        if "uses" in job:
            continue
        assert job["timeout-minutes"] <= 90, (name, key)
        for step in job["steps"]:
            if "actions/checkout@" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False, (name, key)


def test_deployments_wait_for_each_other_and_are_never_cut_off():
    for name, key, job in jobs():
        if any("make deploy" in step.get("run", "") for step in job.get("steps", [])):
            assert job["concurrency"]["cancel-in-progress"] is False, (name, key)
            assert job["needs"] == "checks", (name, key)


def test_an_earlier_merge_never_deploys_over_a_later_one():
    run = DOCUMENTS["main"]["concurrency"]
    assert run == {"group": "main-${{ github.ref }}", "cancel-in-progress": False}


def test_production_is_deployed_by_a_release_in_its_environment_only():
    deploys = {
        (name, re.findall(r"STACK=(\w+)", step["run"])[0], job["environment"]["name"])
        for name, _, job in jobs()
        for step in job.get("steps", [])
        if "make deploy" in step.get("run", "")
    }
    assert deploys == {("main", "staging", "staging"), ("release", "prod", "prod")}
    assert DOCUMENTS["release"]["on"] == {"release": {"types": ["released"]}}


def test_health_fails_no_deployment_that_is_good():
    """Staging has no messages and no schedules; make turns every exit code into 2."""
    looks = {
        name: step
        for name, _, job in jobs()
        for step in job.get("steps", [])
        if "make health" in step.get("run", "")
    }
    assert set(looks) == {"release"}
    assert load_stack_file("staging").schedules_paused
    step = looks["release"]
    assert "HEALTH=--accept-warning" in step["run"]
    assert step["run"].endswith('| tee -a "$GITHUB_STEP_SUMMARY"')
    assert step["shell"] == "bash", "the pipe must not hide the exit code"


def test_what_others_write_never_becomes_part_of_a_script():
    for place, step in steps():
        assert "${{" not in step.get("run", ""), f"{place}: pass it in `env`"


def test_jobs_run_make_targets_that_a_laptop_has():
    targets = set(re.findall(r"^([a-z]+):", (PROJECT_ROOT / "Makefile").read_text(), re.MULTILINE))
    tiers = set(DOCUMENTS["checks"]["jobs"]["test"]["strategy"]["matrix"]["tier"])
    called = set()
    for _, step in steps():
        called |= set(re.findall(r"\bmake ([a-z]+)", step.get("run", "")))
    assert called | tiers <= targets
    assert {"lint", "validate", "workflows", "policy", "security", "plan", "drift"} <= called
    assert {"backup", "verify"} <= called


def test_the_eight_jobs_of_the_first_pipeline_are_there():
    for title, (name, key) in EIGHT.items():
        assert key in DOCUMENTS[name]["jobs"], title


def test_the_page_about_ci_names_every_workflow():
    page = (PROJECT_ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    rows = set(
        re.findall(r"^\| \[([a-z-]+)\]\(\.\./\.github/workflows/\1\.yml\)", page, re.MULTILINE)
    )
    assert rows == set(DOCUMENTS)


def test_stacks_of_the_workflows_have_files():
    for _, _, job in jobs():
        for stack in job.get("strategy", {}).get("matrix", {}).get("stack", []):
            assert load_stack_file(stack).environment == stack


def test_workflows_are_on_the_branches_and_hours_meant():
    assert DOCUMENTS["pull-request"]["on"] == {"pull_request": {"branches": ["main"]}}
    assert DOCUMENTS["main"]["on"]["push"] == {"branches": ["main"]}
    for document in DOCUMENTS.values():
        for entry in (document["on"] or {}).get("schedule", []):
            assert not entry["cron"].startswith("0 "), "GitHub is busiest on the hour"


def test_a_backup_is_made_every_day_exported_once_a_week_and_verified_once_a_month():
    document = DOCUMENTS["backup"]
    crons = [entry["cron"].split() for entry in document["on"]["schedule"]]
    weekdays, sunday, monthly = (" ".join(cron) for cron in crons)
    assert [cron[4] for cron in crons[:2]] == ["1-6", "0"], "each day once"
    assert crons[2][2:] == ["1", "*", "*"]
    backup, verify = document["jobs"]["backup"], document["jobs"]["verify"]
    assert backup["if"] == f"github.event.schedule != '{monthly}'"
    assert verify["if"].startswith(f"github.event.schedule == '{monthly}' ||")
    made = next(step for step in backup["steps"] if "make backup" in step.get("run", ""))
    assert f"github.event.schedule == '{sunday}'" in made["env"]["BACKUP"]
    assert "--export" in made["env"]["BACKUP"]
    assert weekdays not in json.dumps(document["jobs"])
    for job in (backup, verify):
        assert job["environment"]["name"] == "${{ matrix.stack }}-backup", "the reader makes none"
        assert job["concurrency"]["cancel-in-progress"] is False
        assert (
            job["strategy"]["matrix"] == DOCUMENTS["drift"]["jobs"]["drift"]["strategy"]["matrix"]
        )


@pytest.mark.parametrize(("create", "prune", "code"), [(0, 0, 0), (3, 0, 2), (0, 3, 2)])
def test_what_has_had_its_time_goes_also_after_a_backup_that_failed(tmp_path, create, prune, code):
    """Prune keeps the newest good one longer, which matters most then."""
    (tmp_path / "eros").write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n'
        f'case "$2" in create) exit {create} ;; *) exit {prune} ;; esac\n'
    )
    (tmp_path / "eros").chmod(0o755)
    done = subprocess.run(
        ["make", "-o", "bootstrap", "backup", "ACTIVATE=true", "STACK=prod", "BACKUP=--export"],
        cwd=PROJECT_ROOT,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert (tmp_path / "asked").read_text().splitlines() == [
        "backup create --kind daily --export --stack prod",
        "backup prune --stack prod",
    ]


def test_a_fork_gets_a_plan_and_nothing_that_it_could_abuse():
    job = DOCUMENTS["pull-request"]["jobs"]["offline"]
    assert "!= github.repository" in job["if"]
    assert "permissions" not in job
    assert "environment" not in job
    text = json.dumps(job)
    assert "secrets." not in text
    assert "github.token" not in text
    assert any("make plan" in s.get("run", "") and "FROM=HEAD^1" in s["run"] for s in job["steps"])


def test_what_writes_for_a_fork_runs_none_of_its_code():
    document = DOCUMENTS["fork-comment"]
    title = DOCUMENTS["pull-request"]["name"]
    assert document["on"] == {"workflow_run": {"workflows": [title], "types": ["completed"]}}
    [job] = document["jobs"].values()
    assert "head_repository.full_name != github.repository" in job["if"]
    assert "environment" not in job
    assert "secrets." not in json.dumps(document)
    [checkout] = [s for s in job["steps"] if "actions/checkout@" in s.get("uses", "")]
    assert set(checkout["with"]) == {"persist-credentials"}, "no ref: the default branch"
    assert not any("actions/setup" in s.get("uses", "") for s in job["steps"])
    # What the one uploads the other takes, under names that no other job uses.
    [kept] = [
        s["with"]
        for s in DOCUMENTS["pull-request"]["jobs"]["offline"]["steps"]
        if "upload-artifact" in s.get("uses", "")
    ]
    [taken] = [s["with"] for s in job["steps"] if "download-artifact" in s.get("uses", "")]
    assert kept["name"].replace("${{ matrix.stack }}", "*") == taken["pattern"]


def test_a_pull_request_without_a_plan_is_refused_and_not_skipped():
    """A required job that GitHub skips counts as passed: after a failed plan, for a fork."""
    job = DOCUMENTS["pull-request"]["jobs"]["comment"]
    assert "plan" in job["needs"]
    assert job["if"] == "always()"
    first = job["steps"][0]
    assert first["if"] == "github.event.pull_request.head.repo.full_name != github.repository"
    assert first["run"].splitlines()[-1] == "exit 1"
    [second] = [s for s in job["steps"] if s.get("name") == "Refuse what has no plan"]
    assert second["if"] == "needs.plan.result != 'success'"
    assert second["run"].splitlines()[-1] == "exit 1"
    rest = job["steps"][job["steps"].index(second) + 1 :]
    assert next(step["name"] for step in rest if "run" in step) == "Write or update the comment"
    assert not any("if" in step for step in rest), "the rest needs its success"


def test_a_branch_whose_stacks_cannot_be_asked_gets_a_plan_without_a_cloud():
    """No identity is set up yet, or it is refused: the comment is there, and the job fails."""
    jobs = DOCUMENTS["pull-request"]["jobs"]
    assert jobs["offline"]["needs"] == ["plan"]
    condition = 'contains(fromJSON(\'["failure", "cancelled"]\'), needs.plan.result)'
    assert condition in jobs["offline"]["if"]
    assert "!cancelled()" in jobs["offline"]["if"], "a job whose need has failed is skipped"
    steps = jobs["comment"]["steps"]
    names = [step.get("name") for step in steps]
    written = names.index("Write or update the comment with a plan without a cloud")
    assert "offline" in jobs["comment"]["needs"]
    assert "--offline" in steps[written]["run"]
    assert written < names.index("Refuse what has no plan")
    patterns = [s["with"]["pattern"] for s in steps if "download-artifact" in s.get("uses", "")]
    # The same files are in both: what asked the cloud comes last.
    assert patterns == ["plan-offline-*", "plan-{staging,prod,touched,sandbox}"]


@pytest.mark.parametrize("job", ["checks", "plan", "comment"])
def test_a_pull_request_is_checked_planned_and_commented(job):
    assert job in DOCUMENTS["pull-request"]["jobs"]


def test_every_job_says_in_its_summary_what_it_ran_and_how_it_ended():
    for name, key, job in jobs():
        if "uses" in job:
            continue
        shell = DOCUMENTS[name]["defaults"]["run"]["shell"]
        assert shell == "bash tools/summarized.sh {0}", name
        used = [step.get("uses", "").partition("@")[0] for step in job["steps"]]
        ran = ["run" in step and "shell" not in step for step in job["steps"]]
        assert used.index("actions/checkout") < ran.index(True), f"{name}.{key}: it is in there"


@pytest.mark.parametrize(
    ("commands", "code", "first"),
    [
        ("make lint\n", 0, "### `make lint`: passed in "),
        ("# why\nmake lint\nfalse\n", 1, "### `make lint`: failed with exit code 1 in "),
        ("make lint\nexit 7\n", 7, "### `make lint`: failed with exit code 7 in "),
        ("make lint | cat\nfalse | cat\necho no", 1, "### `make lint | cat`: failed"),
    ],
)
def test_the_shell_of_a_step_keeps_its_exit_code_and_its_last_lines(
    tmp_path, commands, code, first
):
    script = tmp_path / "step.sh"
    script.write_text(commands, encoding="utf-8")
    made = tmp_path / "make"
    made.write_text("#!/bin/sh\nseq 1 30\necho '~~~~~~'\n", encoding="utf-8")
    made.chmod(0o755)
    summary = tmp_path / "summary.md"
    result = subprocess.run(
        ["bash", str(PROJECT_ROOT / "tools/summarized.sh"), str(script)],
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "GITHUB_STEP_SUMMARY": str(summary),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == code
    assert "\n30\n" in result.stdout
    text = summary.read_text(encoding="utf-8")
    assert text.startswith(first)
    assert "\n30\n" in text
    assert "\n1\n" not in text
    assert text.count("~~~~~~") == 2, "no line of the output ends the block"
