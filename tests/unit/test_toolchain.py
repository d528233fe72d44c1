"""The toolchain as a user meets it: bad interpreters, no Go, no internet, an activated shell."""

from __future__ import annotations

import configparser
import fnmatch
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tools import gcp_plugin, go_build, official, pulumi_engine, python_environment, toolchain_cache
from tools.console import ToolchainError

ROOT = Path(__file__).resolve().parents[2]
WHOLE_PATH = os.environ["PATH"]
BASH = shutil.which("bash")


def program(path: Path, body: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def release(folder: Path, version: str = "3.300.1") -> Path:
    """A stand-in of Pulumi's release."""
    for name in official.PROGRAMS:
        program(folder / name, f"echo v{version}")
    return folder


def with_python(root: Path) -> Path:
    """Make the environment of a project ready: a Python and what the activation runs on it."""
    module = root / "eros" / "project" / "environment.py"
    module.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "eros" / "project" / "environment.py", module)
    return program(root / ".venv" / "bin" / "python", f'exec {sys.executable} "$@"')


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project folder with an empty environment, and a user's home without anything."""
    root = tmp_path / "my project"
    (root / ".venv" / "bin").mkdir(parents=True)
    shutil.copytree(ROOT / "tools", root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Pulumi.yaml", root)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("EROS_OFFLINE", "1")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    for name in ("PULUMI_HOME", "PYENV_ROOT", "EROS_PYTHON", "PULUMI_BACKEND_URL"):
        monkeypatch.delenv(name, raising=False)
    return root


def bootstrap(root: Path, *folders: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the bootstrap with the programs of these folders and the few it needs, no others."""
    needed = root / "needed"
    needed.mkdir()
    for name in ("cat", "dirname", "tail"):
        (needed / name).symlink_to(shutil.which(name, path=WHOLE_PATH))
    path = os.pathsep.join(str(folder) for folder in (*folders, needed))
    return subprocess.run(
        [root / "tools" / "bootstrap.sh"],
        env={**os.environ, "PATH": path, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_shim_that_fails_is_passed_over(project):
    (project / "tools" / "bootstrap.py").write_text("print('bootstrapped')")
    shims = program(project / "shims" / "python3.13", "echo 'no such version' >&2; exit 127").parent
    working = program(project / "bin" / "python3.14", f'exec {sys.executable} "$@"').parent
    done = bootstrap(project, shims, working)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "bootstrapped"


def test_without_a_python_the_message_says_what_was_looked_at(project):
    shims = program(project / "shims" / "python3.13", "echo 'not set up' >&2; exit 1").parent
    program(shims / "python3", "echo 'is 3.11' >&2; exit 1")
    program(shims / "python", "exit 1")
    done = bootstrap(project, shims)
    assert done.returncode == 1
    assert "python3.13: not set up" in done.stderr
    assert "python3: is 3.11" in done.stderr
    assert "fix:" in done.stderr


def test_a_named_python_that_does_not_do_is_not_replaced_silently(project):
    chosen = program(project / "old-python", "echo 'is 3.8' >&2; exit 1")
    done = bootstrap(project, EROS_PYTHON=str(chosen))
    assert done.returncode == 1
    assert "is 3.8" in done.stderr


def test_an_official_engine_on_path_is_used(project, tmp_path, monkeypatch):
    folder = release(tmp_path / "pulumi")
    monkeypatch.setenv("PATH", f"{project / '.venv' / 'bin'}:{folder}")
    found = pulumi_engine.ensure(project)
    assert found.description.startswith("official")
    assert (project / ".venv" / "bin" / "pulumi").readlink() == folder / "pulumi"
    assert pulumi_engine.ensure(project).changed is False


@pytest.mark.parametrize("fault", ["old", "no host", "broken"])
def test_an_official_engine_that_does_not_do_is_passed_over(tmp_path, monkeypatch, capsys, fault):
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "none"))
    folder = release(tmp_path / "pulumi", "3.149.0" if fault == "old" else "3.300.0")
    if fault == "no host":
        (folder / "pulumi-language-python").unlink()
    if fault == "broken":
        program(folder / "pulumi", "exit 1")
    assert official.installed(str(folder)) is None
    assert "not using" in capsys.readouterr().out


def test_a_built_engine_is_shared_by_all_clones(project):
    name = f"pulumi-{go_build.CLI_VERSION}-{pulumi_engine.modules_digest(project)}"
    folder = release(toolchain_cache.folder() / name)
    assert pulumi_engine.ensure(project).changed is True
    assert (project / ".venv" / "bin" / "pulumi").readlink() == folder / "pulumi"
    assert pulumi_engine.ensure(project).changed is False


def test_without_engine_internet_and_go_one_sentence_says_what_to_do(project):
    with pytest.raises(ToolchainError, match=r"(?s)no Pulumi engine.*fix: .*Go 1\.26"):
        pulumi_engine.ensure(project)
    assert list(toolchain_cache.folder().glob("pulumi-*")) == [], "a draft was left behind"


def test_the_release_is_downloaded_where_the_site_answers(project, tmp_path, monkeypatch):
    monkeypatch.setenv("EROS_OFFLINE", "0")
    monkeypatch.setattr(official, "RELEASES", tmp_path.as_uri())
    archive = tmp_path / f"pulumi-v{official.VERSION}-{official.platform_name()}.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(release(tmp_path / "content"), "pulumi")
    assert pulumi_engine.ensure(project).description == f"pulumi-{official.VERSION}-official"
    assert official.version_of(project / ".venv" / "bin" / "pulumi") == (3, 300, 1)


@pytest.mark.parametrize("content", [None, b"<html>sign in to this network</html>"])
def test_a_download_that_fails_leaves_nothing_behind(tmp_path, monkeypatch, content):
    monkeypatch.setattr(official, "RELEASES", tmp_path.as_uri())
    if content:
        name = f"pulumi-v{official.VERSION}-{official.platform_name()}.tar.gz"
        (tmp_path / name).write_bytes(content)
    target = tmp_path / "cache" / "release"
    with pytest.raises(official.UnavailableError), toolchain_cache.assembled(target) as draft:
        official.download(draft)
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("offline", "ci", "expected"),
    [("", "", True), ("1", "", False), ("", "true", False), ("0", "true", True)],
)
def test_when_the_internet_is_tried(monkeypatch, offline, ci, expected):
    monkeypatch.setenv("EROS_OFFLINE", offline)
    monkeypatch.setenv("CI", ci)
    assert official.may_download() is expected


def test_the_real_gcp_plugin_is_preferred_if_it_is_recent_enough(project, tmp_path, monkeypatch):
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "pulumi"))
    (project / "requirements.in").write_text("pulumi-gcp==10.2.0\n")
    plugins = tmp_path / "pulumi" / "plugins"
    program(plugins / "resource-gcp-v9.35.0" / gcp_plugin.PROGRAM, "")
    assert gcp_plugin.find(project).kind == "local", "the program asks for 10.2.0"
    program(plugins / "resource-gcp-v10.10.1" / gcp_plugin.PROGRAM, "")
    assert gcp_plugin.find(project).description.startswith("real, resource-gcp-v10.10.1")


def test_the_real_gcp_plugin_on_path_is_used(project, tmp_path, monkeypatch):
    found = program(tmp_path / "bin" / gcp_plugin.PROGRAM, "")
    monkeypatch.setenv("PATH", str(found.parent))
    assert gcp_plugin.find(project).description == f"real, {found}"


def test_the_local_plugin_is_attached_only_where_there_is_no_real_one(project, monkeypatch):
    (project / "requirements.in").write_text("pulumi-gcp==10.2.0\n")
    gcp_plugin.attach(project)
    home = project / ".venv" / "pulumi-home"
    own = home / "plugins" / "resource-gcp-v10.2.0" / gcp_plugin.PROGRAM
    assert os.access(own, os.X_OK)
    monkeypatch.setenv("PULUMI_HOME", str(home))
    assert gcp_plugin.find(project).kind == "local", "our own is not the real one"
    monkeypatch.delenv("PULUMI_HOME")
    program(Path.home() / ".pulumi/plugins/resource-gcp-v10.2.0" / gcp_plugin.PROGRAM, "")
    gcp_plugin.attach(project)
    assert not home.exists()


def test_the_local_plugin_of_another_clone_is_no_real_one(project, tmp_path, monkeypatch):
    """A shell of one clone, `make up` in the next."""
    other = tmp_path / "other"
    for root in (project, other):
        root.mkdir(exist_ok=True)
        (root / "requirements.in").write_text("pulumi-gcp==10.2.0\n")
    gcp_plugin.attach(other)
    monkeypatch.setenv("PULUMI_HOME", str(other / ".venv" / "pulumi-home"))
    assert gcp_plugin.find(project).kind == "local"
    monkeypatch.delenv("PULUMI_HOME")
    [program] = other.rglob(gcp_plugin.PROGRAM)
    monkeypatch.setenv("PATH", str(program.parent))
    assert gcp_plugin.find(project).kind == "local"


def test_the_lock_has_a_hash_for_every_package_and_no_address():
    lock = (ROOT / "requirements.txt").read_text()
    assert "://" not in lock
    entries = [line for line in lock.splitlines() if line[:1].isalnum()]
    assert len(entries) > 100
    for line in entries:
        assert line.endswith("\\"), f"{line} has no hash"


def test_one_package_of_the_lock_can_be_installed_alone():
    entry = python_environment.locked_entry((ROOT / "requirements.txt").read_text(), "uv")
    lines = entry.splitlines()
    assert lines[0].startswith("uv==")
    assert all("--hash=sha256:" in line for line in lines[1:])
    assert not lines[-1].endswith("\\")


def test_every_direct_dependency_is_pinned_and_locked():
    lock = (ROOT / "requirements.txt").read_text()
    wanted = [line for line in (ROOT / "requirements.in").read_text().splitlines() if line]
    for line in wanted:
        assert line.startswith("#") or f"\n{line} " in lock, f"{line}: run make lock"


@pytest.mark.parametrize("shell", ["bash", "zsh", "dash", "ksh", "fish"])
def test_activation_works_from_any_folder_and_says_nothing(project, tmp_path, shell):
    if shutil.which(shell, path=WHOLE_PATH) is None:
        pytest.skip(f"{shell} is not on this machine")
    with_python(project)
    # A POSIX shell does not tell a sourced file where it lies: it looks around from the folder.
    source = (
        f'source "{project}/tools/activate.fish"'
        if shell == "fish"
        else f'. "{project}/tools/activate.sh"'
    )
    script = (
        f"{source}; and {source}; and env" if shell == "fish" else f"{source} && {source} && env"
    )
    folder = project / "sql" if shell == "dash" else tmp_path
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [shutil.which(shell, path=WHOLE_PATH), "-c", script],
        cwd=folder,
        env={"PATH": WHOLE_PATH, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    variables = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert variables["PATH"].split(":").count(f"{project}/.venv/bin") == 1
    assert variables["VIRTUAL_ENV"] == f"{project}/.venv"
    assert variables["PULUMI_BACKEND_URL"] == f"file://{project}/.local/pulumi"
    assert variables["PULUMI_CONFIG_PASSPHRASE"] == ""
    assert done.stderr == ""
    assert "EROS:" not in done.stdout


def test_activation_attaches_the_local_plugin_to_the_local_backend_only(project, tmp_path):
    with_python(project)
    home = project / ".venv" / "pulumi-home"
    home.mkdir()

    def activated(**environ: str) -> str:
        return subprocess.run(
            [BASH, "-c", f'. "{project}/tools/activate.sh" && env'],
            env={"PATH": WHOLE_PATH, **environ},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert f"PULUMI_HOME={home}\n" in activated()
    assert "PULUMI_HOME=" not in activated(PULUMI_BACKEND_URL="gs://states")
    assert f"PULUMI_HOME={tmp_path}\n" in activated(PULUMI_HOME=str(tmp_path))


def test_activating_a_second_clone_leaves_the_first_one_behind(project, tmp_path):
    other = tmp_path / "other"
    for root in (project, other):
        shutil.copytree(ROOT / "tools", root / "tools", dirs_exist_ok=True)
        shutil.copy(ROOT / "Pulumi.yaml", root)
        with_python(root)
    (project / ".venv" / "pulumi-home").mkdir()
    done = subprocess.run(
        [BASH, "-euc", f'. "{project}/tools/activate.sh"; . "{other}/tools/activate.sh"; env'],
        env={"PATH": WHOLE_PATH},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"PULUMI_BACKEND_URL=file://{other}/.local/pulumi\n" in done.stdout
    assert "\nPULUMI_HOME=" not in done.stdout


def test_activation_respects_what_the_user_has_set(project, tmp_path):
    with_python(project)
    done = subprocess.run(
        [BASH, "-c", f'. "{project}/tools/activate.sh" && env'],
        env={
            "PATH": WHOLE_PATH,
            "PULUMI_BACKEND_URL": "gs://states",
            "PULUMI_CONFIG_PASSPHRASE_FILE": "secret.txt",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert "PULUMI_BACKEND_URL=gs://states" in done.stdout
    assert "PULUMI_CONFIG_PASSPHRASE=" not in done.stdout


def test_a_posix_shell_outside_of_the_project_is_sent_there(project, tmp_path):
    dash = shutil.which("dash", path=WHOLE_PATH)
    if dash is None:
        pytest.skip("dash is not on this machine")
    with_python(project)
    done = subprocess.run(
        [dash, "-c", f'. "{project}/tools/activate.sh"'],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert done.stderr.startswith("activate.sh: this shell does not say where")


def test_activation_before_the_bootstrap_says_so(project):
    done = subprocess.run(
        [BASH, "-c", f'. "{project}/tools/activate.sh"'],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "not ready" in done.stderr


def test_the_type_checker_reads_every_folder_with_python():
    config = configparser.ConfigParser()
    config.read(ROOT / "mypy.ini")
    read = [entry.strip() for entry in config["mypy"]["files"].split(",")]
    listed = subprocess.check_output(["git", "ls-files", "*.py"], cwd=ROOT, text=True)
    left = [
        name
        for name in listed.splitlines()
        if not any(fnmatch.fnmatch(name, f"{entry}/*") or name == entry for entry in read)
    ]
    assert left == []
