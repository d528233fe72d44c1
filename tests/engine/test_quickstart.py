"""docs/quickstart.md to the letter, in a copy of the project, up to what needs Google."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from eros.project.settings import PROJECT_ROOT

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]
PAGE = PROJECT_ROOT / "docs/quickstart.md"
# From here on Google's cloud answers.
CLOUD = "pulumi preview"
# What the machine of a reader has: the toolchain is active, and gcloud obeys.
MACHINE = """
set -euo pipefail
eros() {{ {python} -m eros.cli.app "$@"; }}
gcloud() {{ true; }}
"""
_GIT = [f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
_LIST = ("git", "ls-files", "--cached", "--others", "--exclude-standard")


def commands() -> list[str]:
    """The lines of every block, with names of a company that is no example."""
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.S)
    filled = "".join(blocks).replace("COMPANY.COM", "acme.io").replace("PROJECT", "acme-eros")
    return filled.splitlines()


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The copy in which somebody has followed the page, and what was printed."""
    folder = tmp_path_factory.mktemp("quickstart")
    root = folder / "eros"
    for name in subprocess.check_output(_LIST, cwd=PROJECT_ROOT, text=True).splitlines():
        if (PROJECT_ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT_ROOT / name, root / name)
    (folder / "state").mkdir()
    lines = commands()
    bootstrapped = lines.index(". tools/activate.sh")
    steps = lines[bootstrapped + 1 : next(n for n, x in enumerate(lines) if x.startswith(CLOUD))]
    backend = "gs://acme-eros-pulumi"
    assert f"export PULUMI_BACKEND_URL={backend}" in steps
    script = "\n".join(steps).replace(f"URL={backend}", f"URL=file://{folder / 'state'}")
    # Without Google's credentials the last step finds what it has to.
    script = script.replace("eros preflight --stack prod", "eros preflight --stack prod || true")
    begun = "git init -q && git add -A && git commit -qm begun"
    done = subprocess.run(
        ["bash", "-c", "\n".join((MACHINE.format(python=sys.executable), begun, script))],
        cwd=root,
        env=os.environ
        | dict.fromkeys(_GIT, "a@b.example")
        | {
            "EROS_LOG_DIR": str(folder / "logs"),
            "GOOGLE_APPLICATION_CREDENTIALS": str(folder / "none"),
            "PULUMI_CONFIG_PASSPHRASE": "",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=800,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return root, done.stdout


def test_a_new_backend_has_the_stack_and_the_tree_is_committed(followed):
    _, said = followed
    assert "Created stack 'prod'" in said
    levels = {name: level for level, name in re.findall(r"^(\w+) +(\w+): ", said, re.M)}
    wanted = ("tools", "git", "placeholders")
    assert [levels.get(name) for name in wanted] == ["ok", "ok", "ok"], said


def test_the_files_have_what_was_set_and_nothing_is_left_uncommitted(followed):
    root, _ = followed
    text = (root / "Pulumi.prod.yaml").read_text(encoding="utf-8")
    assert "eros:project: acme-eros\n" in text
    assert "on-call@acme.io" in (root / "docs/runbook.md").read_text(encoding="utf-8")
    left = subprocess.check_output(["git", "status", "--short"], cwd=root, text=True)
    assert left == ""


def test_what_comes_after_is_there_in_order():
    rest = commands()[[x.startswith(CLOUD) for x in commands()].index(True) :]
    assert rest == [
        "pulumi preview --stack prod",
        "eros deploy --stack prod",
        "eros health --stack prod",
        "eros validate --live --stack prod",
        "eros backup verify --stack prod",
    ]
