"""Every way to the cloud refuses the same mistakes in the same words, and changes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.conftest import DATASET, Cloud, Program
from tests.mistakes import MISTAKES, Mistake, make

pytestmark = pytest.mark.deployed

EROS = (sys.executable, "-m", "eros.cli.app")
COMMANDS = {
    "preview": ("pulumi", "preview", "--stack", "local", "--non-interactive"),
    "plan": (*EROS, "plan", "--stack", "local"),
    "up": ("pulumi", "up", "--stack", "local", "--yes", "--non-interactive"),
    "deploy": (*EROS, "deploy", "--stack", "local", "--yes"),
}
SETTINGS = {
    "a setting misspelt": ("eros:costOwner:", "eros:costOwnr:", "did you mean 'costOwner'?"),
    "a value that a setting cannot have": (
        "eros:externalTables: greenfield",
        "eros:externalTables: greenfeld",
        "'greenfield'",
    ),
    "a stack file that is no YAML": ("eros:location: US", "eros:location US", "not valid YAML"),
}


def rounds() -> list[dict[str, Mistake]]:
    """Each mistake by itself: what cannot be read hides what is declared with it."""
    return [{name: mistake} for name, mistake in MISTAKES.items()]


@pytest.fixture(scope="module")
def deployed(program: Program) -> Program:
    """The program as it is, deployed."""
    program.assert_converged()
    return program


def run(program: Program, *command: str) -> tuple[int, str]:
    """Exit code and whole output."""
    done = subprocess.run(
        command,
        cwd=program.root,
        env=program.environment
        | {
            "EROS_LOCAL_DIR": str(program.cloud.folder),
            "EROS_LOG_DIR": str(program.root / "logs"),
            "COLUMNS": "200",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def world(program: Program, cloud: Cloud) -> object:
    """Everything that an update would change: the state, and what BigQuery has."""
    client = cloud.bigquery
    routines = {r.routine_id: r.modified for r in client.list_routines(DATASET)}
    views = {t.table_id: client.get_table(t).modified for t in client.list_tables(DATASET)}
    return program.state(), routines, views


def lines(text: str) -> list[str]:
    """Lines without the indentation that Pulumi gives them."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def holds(text: str, part: list[str]) -> bool:
    """Whether these lines stand in the text one after the other."""
    found = lines(text)
    return any(found[at : at + len(part)] == part for at in range(len(found)))


def refused(program: Program, cloud: Cloud, message: list[str]) -> None:
    """Each command fails with these lines and leaves everything as it is."""
    before = world(program, cloud)
    for name, command in COMMANDS.items():
        code, said = run(program, *command)
        assert code != 0, f"{name}: {said}"
        assert "Traceback" not in said, f"{name}: {said}"
        assert holds(said, message), f"{name} says otherwise\n{said}\nthan\n{message}"
    assert world(program, cloud) == before


def findings(said: str) -> list[list[str]]:
    """The findings of `eros validate`, each with its lines."""
    found: list[list[str]] = []
    is_open = False
    for line in lines(said):
        if ": error[" in line:
            found.append([])
            is_open = True
        if is_open:
            found[-1].append(line)
        if line.startswith("= hint:"):
            is_open = False
    return found


@pytest.mark.parametrize("made", rounds(), ids=lambda made: next(iter(made)))
def test_typical_mistakes_get_the_same_message_from_everybody(
    deployed: Program, cloud: Cloud, made: dict[str, Mistake], tmp_path: Path
) -> None:
    for folder in ("sql", "config"):
        shutil.copytree(deployed.root / folder, tmp_path / folder)
    try:
        for mistake in made.values():
            make(deployed.root, mistake)
        code, said = run(deployed, *EROS, "validate", "--stack", "local")
        assert code == 1, said
        messages = findings(said)
        assert len(messages) == len(made), said
        for mistake in made.values():
            assert sum(m[0].startswith(f"{mistake.file}:") for m in messages) == 1, said
        # All of them, in the same order and words.
        refused(deployed, cloud, [line for message in messages for line in message])
    finally:
        for folder in ("sql", "config"):
            shutil.copytree(tmp_path / folder, deployed.root / folder, dirs_exist_ok=True)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_mistake_in_the_settings_gets_the_same_message_from_everybody(
    deployed: Program, cloud: Cloud, name: str
) -> None:
    good, bad, hint = SETTINGS[name]
    file = deployed.root / "Pulumi.local.yaml"
    text = file.read_text(encoding="utf-8")
    before = world(deployed, cloud)
    try:
        deployed.edit(file.name, good, bad)
        code, said = run(deployed, *EROS, "validate", "--stack", "local")
        assert code == 1, said
        message = lines(said.replace("error: ", ""))
        assert hint in said
        for command, words in COMMANDS.items():
            code, said = run(deployed, *words)
            assert code != 0, command
            # Pulumi itself reads the file first, and says in its own words that it is no YAML.
            if hint != "not valid YAML" or words[0] != "pulumi":
                assert holds(
                    said.replace("error: ", ""), [m.removeprefix("error: ") for m in message]
                )
            else:
                assert "invalid YAML file: yaml: line" in said
    finally:
        file.write_text(text, encoding="utf-8")
    assert world(deployed, cloud) == before


def test_the_repaired_files_are_what_is_deployed(deployed: Program) -> None:
    deployed.assert_converged()
    assert os.listdir(deployed.root / "state")
