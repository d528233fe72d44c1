"""Opening the secrets of a checkpoint, in memory, by the stack's own secrets provider."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bqstack import documents, engine
from bqstack.errors import UserError
from bqstack.state.state_files import SECRET_MARKER, SIGNATURE, Checkpoint, Resource

# Layout of a file backend, version 1 (pkg/backend/diy/meta.go, store.go).
_META = "version: 1\n"


def is_secret(value: object) -> bool:
    """Whether the value is Pulumi's marker around a secret, closed or open."""
    return isinstance(value, Mapping) and value.get(SIGNATURE) == SECRET_MARKER


def revealed(stack: str, checkpoint: Checkpoint, root: Path) -> Checkpoint:
    """The same checkpoint with `plaintext` (JSON) instead of `ciphertext` in its secrets.

    Only `pulumi` can open secrets, and it opens those of a stack's newest state: so it reads
    the checkpoint, closed as it is, from a backend made for this moment. Clear text comes back
    through a pipe and touches no disk. Raises UserError when the key is not at hand.
    """
    if not any(_holds_secret(r.inputs) or _holds_secret(r.outputs) for r in checkpoint.resources):
        return checkpoint
    name = stack.rpartition("/")[2]
    project = documents.read_yaml(root / "Pulumi.yaml", "Pulumi.yaml")["name"]
    with tempfile.TemporaryDirectory(prefix="bqstack-checkpoint-") as folder:
        stacks = Path(folder, ".pulumi", "stacks", project)
        stacks.mkdir(parents=True)
        (stacks.parent.parent / "meta.yaml").write_text(_META, encoding="utf-8")
        content = {
            "version": 3,
            "checkpoint": {
                "stack": f"organization/{project}/{name}",
                "latest": checkpoint.deployment,
            },
        }
        (stacks / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        exported = export(name, f"file://{folder}", root)
    try:
        # One that waits for its deletion has the urn of the one that came in its place.
        opened = {
            entry["urn"]: Resource.from_state(entry)
            for entry in json.loads(exported)["deployment"]["resources"]
            if not entry.get("delete")
        }
        resources = tuple(opened[resource.urn] for resource in checkpoint.resources)
    except (AttributeError, KeyError, TypeError, ValueError):
        # Without the text: it may hold secrets.
        raise UserError(
            "`pulumi stack export --show-secrets` did not print the checkpoint that it was given"
        ) from None
    return replace(checkpoint, resources=resources)


def export(stack: str, backend: str, root: Path) -> str:
    """The state in a backend as `pulumi stack export` prints it, secrets open; raises UserError."""
    result = subprocess.run(
        [engine.executable(), "stack", "export", "--stack", stack, "--show-secrets"],
        cwd=root,
        env=os.environ | {"PULUMI_BACKEND_URL": backend},
        check=False,
        capture_output=True,
        text=True,
    )
    if result.returncode != 0:
        raise UserError(
            f"the secrets of the checkpoint cannot be opened: {result.stderr.strip()}",
            fix="set PULUMI_CONFIG_PASSPHRASE, or get permission to use the stack's key",
        )
    return result.stdout


def _holds_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return is_secret(value) or any(_holds_secret(item) for item in value.values())
    return isinstance(value, list) and any(_holds_secret(item) for item in value)
