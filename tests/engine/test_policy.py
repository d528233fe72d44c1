"""The policy pack inside the real engine: what it refuses does not happen.

The engine built from Go modules has a language host from before packs in Python, so the pack is
started here by the engine's older way, a plugin named after the runtime. Pulumi's own release
starts policy/ as it is (docs/decisions/015-policy-pack.md).
"""

from __future__ import annotations

import os
import subprocess

import pytest

RUNTIME = "eros-test"


@pytest.fixture(scope="module")
def checked(program, tmp_path_factory):
    """`pulumi` with the pack; gives exit code and output."""
    file = program.root / "policy" / "PulumiPolicy.yaml"
    file.write_text(file.read_text().replace("runtime: python", f"runtime: {RUNTIME}"))
    plugins = tmp_path_factory.mktemp("plugins")
    starter = plugins / f"pulumi-analyzer-policy-{RUNTIME}"
    starter.write_text('#!/bin/sh\nexec python -u -m pulumi.policy "$@"\n')
    starter.chmod(0o755)
    environment = program.environment | {"PATH": f"{os.environ['PATH']}:{plugins}"}

    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            ["pulumi", *arguments, "--stack", "local", "--policy-pack", "policy"],
            cwd=program.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    return run


def test_the_program_passes_with_values_that_are_not_known_yet(checked):
    code, output = checked("preview")
    assert code == 0, output
    assert "eros@v1.0.0" in output
    assert "can't run policy" not in output
    assert "[mandatory]" not in output


def test_a_violation_stops_the_update(program, checked):
    program.edit("components/backups.py", '"enforced"', '"inherited"')
    code, output = checked("preview")
    assert code != 0, output
    assert "the policy pack's rules are violated" in output, "the program looks first"
    assert "publicAccessPrevention is inherited" in output
    program.edit("components/program.py", "judge=_broken_rules", "judge=None")
    code, output = checked("preview")
    assert code != 0, output
    assert "[mandatory]" in output, "and the pack by itself in the engine"
    assert "publicAccessPrevention is inherited" in output
