"""What people have set for other clouds does not reach the local stack, nor lie in its state."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from eros.cli import common
from eros.project import environment

PERSON = {
    "HTTP_PROXY": "http://proxy.example:3128",
    "https_proxy": "http://proxy.example:3128",
    "ALL_PROXY": "socks5://proxy.example",
    "PULUMI_ACCESS_TOKEN": "pul-x",
    "PULUMI_BACKEND_URL": "s3://states",
    "PULUMI_CONFIG": "{}",
    "PULUMI_CONFIG_PASSPHRASE_FILE": "secret.txt",
    "PULUMI_OPTION_PARALLEL": "1",
    "PULUMI_STACK": "prod",
    "GOOGLE_CREDENTIALS": "key.json",
    "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": "x@y.iam.gserviceaccount.com",
    "GOOGLE_CLOUD_UNIVERSE_DOMAIN": "example.com",
    "GOOGLE_REGION": "europe-west1",
    "CLOUDSDK_CORE_PROJECT": "theirs",
    "BIGQUERY_EMULATOR_HOST": "localhost:1",
    "HOME": "/home/me",
    "PATH": "/usr/bin",
}


@pytest.fixture
def clone(tmp_path):
    """A clone whose toolchain has the local plugin attached."""
    (tmp_path / ".venv" / "pulumi-home").mkdir(parents=True)
    return tmp_path


def test_the_local_stack_sees_nothing_of_other_clouds(clone):
    found = environment.local(PERSON, clone)
    assert {name for name in found if name.startswith("PULUMI")} == {
        "PULUMI_BACKEND_URL",
        "PULUMI_CONFIG_PASSPHRASE",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
        "PULUMI_HOME",
    }
    assert found["PULUMI_BACKEND_URL"] == f"file://{clone}/.local/pulumi"
    assert not [name for name in found if name.startswith(("GOOGLE", "CLOUDSDK", "BIGQUERY"))]
    assert found["HOME"] == "/home/me"


def test_the_local_stack_follows_its_data_folder(clone):
    found = environment.local(PERSON | {"EROS_LOCAL_DIR": "/data"}, clone)
    assert found["PULUMI_BACKEND_URL"] == "file:///data/pulumi"


def test_production_keeps_what_the_person_has_set(clone):
    found = environment.activated(PERSON, clone)
    changed = {name for name, value in PERSON.items() if found.get(name) != value}
    assert changed == {"PATH"}
    assert found["PATH"] == f"{clone}/.venv/bin:/usr/bin"


def test_the_own_toolchain_comes_first_and_once(clone):
    path = f"/old/pulumi:{clone}/.venv/bin:/usr/bin"
    found = environment.activated({"PATH": path}, clone)
    assert found["PATH"] == f"{clone}/.venv/bin:/old/pulumi:/usr/bin"
    assert environment.activated(found, clone) == found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, "127.0.0.1,localhost,::1"),
        ({"NO_PROXY": "a.example, localhost"}, "a.example,localhost,127.0.0.1,::1"),
        ({"no_proxy": "b.example", "NO_PROXY": "a.example"}, "b.example,127.0.0.1,localhost,::1"),
        ({"no_proxy": "*"}, "*"),
    ],
)
def test_no_proxy_stands_before_this_machine(clone, before, after):
    for made in (environment.activated, environment.local):
        found = made(before, clone)
        assert found["no_proxy"] == found["NO_PROXY"] == after


def test_the_program_takes_no_place_from_a_person(monkeypatch):
    for name in ("GOOGLE_REGION", "CLOUDSDK_COMPUTE_ZONE"):
        monkeypatch.setenv(name, "europe-west1")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "key.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", dict(os.environ))
        environment.prepare_program()
        assert not {"GOOGLE_REGION", "CLOUDSDK_COMPUTE_ZONE"} & set(os.environ)
        assert os.environ["GOOGLE_APPLICATION_CREDENTIALS"] == "key.json"


def test_every_place_that_the_provider_package_reads_is_known():
    """A new release of pulumi-gcp may read other variables."""
    import inspect
    import re

    import pulumi_gcp.provider as provider

    text = inspect.getsource(provider)
    read = set(re.findall(r"(?:region|zone) = _utilities\.get_env\(([^)]*)\)", text))
    names = {name.strip(" '") for group in read for name in group.split(",")}
    assert names == set(environment.STACK_PLACE)


@pytest.mark.parametrize(
    ("stack", "backend"), [("local", "file://"), ("prod", "s3://states"), ("nosuch", "s3://states")]
)
def test_the_option_of_the_stack_decides_where_its_state_is(monkeypatch, stack, backend):
    import typer

    app = typer.Typer()
    seen = []

    @app.command()
    def show(stack: common.Stack) -> None:
        seen.append((stack, os.environ["PULUMI_BACKEND_URL"]))

    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://states")
    before = dict(os.environ)
    try:
        assert CliRunner().invoke(app, ["--stack", stack]).exit_code == 0
    finally:
        environment.use(before)
    [(name, url)] = seen
    assert name == stack
    assert url.startswith(backend)


@pytest.mark.parametrize("shell", ["sh", "fish"])
def test_what_a_shell_evaluates_survives_any_value(shell):
    """Quotes, dollars, newlines and backslashes in a person's folders."""
    before = {"A": "gone", "KEPT": "x"}
    after = {"KEPT": "x", "B": 'it\'s $HOME `id` \\ "q"', "PATH": "/a b:/c"}
    lines = environment.shell_lines(before, after, shell)
    if shell == "fish":
        assert lines == [
            "set -e A",
            "set -gx B 'it\\'s $HOME `id` \\\\ \"q\"'",
            "set -gx PATH '/a b' '/c'",
        ]
        return
    script = "\n".join([*lines, f"'{sys.executable}' -c 'import os; print(os.environ[\"B\"])'"])
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == after["B"] + "\n"
