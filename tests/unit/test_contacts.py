"""Whom to reach, as the runbook page has it from the settings of every shared stack."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from bqstack.errors import UserError
from eros.project.settings import PROJECT_ROOT
from eros.reference import contacts


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What the page is made of, in a folder that may be changed."""
    shutil.copytree(PROJECT_ROOT / "config", tmp_path / "config")
    (tmp_path / "docs").mkdir()
    shutil.copy(PROJECT_ROOT / contacts.PAGE, tmp_path / contacts.PAGE)
    for name in ("prod", "staging", "local"):
        shutil.copy(PROJECT_ROOT / f"Pulumi.{name}.yaml", tmp_path)
    return tmp_path


def put(file: Path, **settings: object) -> None:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    document["config"] |= {f"eros:{key}": value for key, value in settings.items()}
    file.write_text(yaml.safe_dump(document), encoding="utf-8")


def rows(project: Path) -> dict[str, list[str]]:
    text = contacts.page(project)[contacts.PAGE]
    table = text.partition("<!-- contacts: written")[2].partition("<!-- contacts: end")[0]
    lines = [line.strip("| ").split(" | ") for line in table.splitlines() if line[:1] == "|"]
    return {line[0]: line[1:] for line in lines if line[0] != "---"}


def test_people_rotation_and_channels_are_those_of_the_settings(project):
    given = {
        "rota": "https://example.com/rota",
        "cto": "Ada",
        "escalationEmail": "lead@a.example",
    }
    put(project / "Pulumi.prod.yaml", contacts=given, alertEmail="night@example.com")
    found = rows(project)
    assert found["`prod`"] == ["`staging`"], "the local stack reaches nobody"
    assert found["on call"] == ["night@example.com", "eros-staging@example.com"]
    assert found["rotation"] == ["https://example.com/rota", "not set: `eros:contacts.rota`"]
    assert found["CTO"][0] == "Ada"
    assert "night@example.com" in found["CRITICAL alerts reach"][0]
    assert "lead@a.example" in found["escalations reach"][0]
    assert found["escalations reach"][1] == "nobody"


def test_a_secret_address_is_not_shown(project):
    given = {"slackChannel": "#night"}
    file = project / "Pulumi.prod.yaml"
    put(file, contacts=given, secrets={"slackToken": {"secure": "v1:hidden"}})
    [alerts, _] = rows(project)["CRITICAL alerts reach"]
    assert "#night" in alerts
    assert "hidden" not in contacts.page(project)[contacts.PAGE]


def test_a_sandbox_beside_the_stacks_is_not_on_the_page(project):
    staging = (project / "Pulumi.staging.yaml").read_text(encoding="utf-8")
    (project / "Pulumi.alice.yaml").write_text(staging, encoding="utf-8")
    put(project / "Pulumi.alice.yaml", sandbox="alice", endpointsFile="x.json")
    before = rows(project)
    (project / "Pulumi.alice.yaml").unlink()
    assert rows(project) == before


def test_a_page_without_the_place_for_it_is_refused(project):
    (project / contacts.PAGE).write_text("# Runbook\n", encoding="utf-8")
    with pytest.raises(UserError, match="the place where"):
        contacts.page(project)
