"""Settings of a stack: from its file, or from the engine that has read it.

The Pulumi program reads them through the engine, the `eros` command straight from
`Pulumi.<stack>.yaml`; both end in `Settings.model_validate`, so a mistake reads the same in both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bqstack import documents, texts
from bqstack.errors import UserError
from eros.project.settings import NAMESPACE, PROJECT_ROOT, Settings

# Stands for a secret where only its name matters: to know that a channel has its token.
_CLOSED = "[secret]"


def parse(values: dict[str, Any], file: Path | str, root: Path | None = None) -> Settings:
    """Validate the `eros:` values of a stack; `file` is named in the error, its line if the
    values were read from it below `root`.

    Raises UserError that names file, key, value and fix.
    """
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise _explain(error, values, file, root) from None


def load_stack_file(stack: str, root: Path = PROJECT_ROOT) -> Settings:
    """Settings of `stack` as its file under `root` states them.

    Secrets are encrypted in the file and only the engine opens them: an entry of
    `eros:secrets` is there without its value, any other is left out.
    """
    path = root / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = sorted(p.name.split(".")[1] for p in root.glob("Pulumi.*.yaml"))
        raise UserError(
            f"there is no stack file for stack {stack!r}",
            file=path.name,
            fix=f"use one of: {', '.join(known)}"
            if known
            else "call eros in the folder of the project, which has Pulumi.yaml and sql/",
        )
    document = documents.read_yaml(path, path.name)
    _refuse_misplaced(document, path.name)
    config = _config(document, path.name)
    values = {
        key.removeprefix(f"{NAMESPACE}:"): _without_secrets(value, key)
        for key, value in config.items()
        if key.startswith(f"{NAMESPACE}:") and not _is_secret(value)
    }
    return _of_this_stack(parse(values, path.name, root), stack)


def from_engine(config: dict[str, str], stack: str) -> Settings:
    """Settings from the engine's configuration map (`<namespace>:<key>` to text).

    The engine hands every value over as text and objects as JSON; numbers and
    booleans are read back by the model.
    """
    prefix = f"{NAMESPACE}:"
    values = {
        key.removeprefix(prefix): _decoded(text)
        for key, text in config.items()
        if key.startswith(prefix)
    }
    return _of_this_stack(parse(values, f"Pulumi.{stack}.yaml", PROJECT_ROOT), stack)


def check_file(stack: str, root: Path = PROJECT_ROOT) -> None:
    """Refuse what the engine hides from the program; raises UserError.

    Settings outside `config:`, and secrets of a shared stack that only the empty passphrase
    protects (docs/decisions/004-stack-secrets.md).
    """
    file = f"Pulumi.{stack}.yaml"
    if not (root / file).is_file():
        return
    document = documents.read_yaml(root / file, file)
    _refuse_misplaced(document, file)
    secrets = list(_secret_paths(_config(document, file)))
    if stack != "local" and secrets and "encryptionsalt" in document:
        raise UserError(
            "the secret is encrypted with a publicly known passphrase",
            file=file,
            key=secrets[0],
            fix=f"pulumi stack change-secrets-provider gcpkms://KEY --stack {stack}",
        )


def _of_this_stack(settings: Settings, stack: str) -> Settings:
    """The settings, unless they are another sandbox's: two stacks would fight over its names."""
    if settings.sandbox and settings.sandbox != stack:
        raise UserError(
            f"the stack {stack} cannot be the sandbox of another name",
            file=f"Pulumi.{stack}.yaml",
            key=f"{NAMESPACE}:sandbox",
            value=settings.sandbox,
            fix=f"pulumi config set {NAMESPACE}:sandbox {stack} --stack {stack}",
        )
    return settings


def _config(document: dict[str, Any], file: str) -> dict[str, Any]:
    """What stands below `config:`, or nothing; raises UserError for what is no map of names."""
    config = document.get("config") or {}
    if isinstance(config, dict):
        wrong = [key for key in config if not isinstance(key, str)]
    else:
        wrong = [config]
    if wrong:
        raise UserError(
            "not a mapping of names to values",
            file=file,
            key="config",
            value=wrong[0],
            fix=f"put one setting per line below `config:`: {NAMESPACE}:NAME: VALUE",
        )
    return config


def _refuse_misplaced(document: dict[str, Any], file: str) -> None:
    """Pulumi ignores a setting that stands beside `config:` instead of in it."""
    for key in document:
        if str(key).startswith(f"{NAMESPACE}:"):
            raise UserError(
                "a setting outside `config:` has no effect",
                file=file,
                key=key,
                fix="indent it below `config:`",
            )


def _decoded(text: str) -> Any:
    if text[:1] not in ("[", "{"):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text  # The model refuses it, naming the key.


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"}


def _without_secrets(value: Any, key: str = "") -> Any:
    if not isinstance(value, dict):
        return value
    if key == f"{NAMESPACE}:secrets":
        return {name: _CLOSED if _is_secret(inner) else inner for name, inner in value.items()}
    return {key: _without_secrets(inner) for key, inner in value.items() if not _is_secret(inner)}


def _secret_paths(config: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in config.items():
        if _is_secret(value):
            yield f"{prefix}{key}"
        elif isinstance(value, dict):
            yield from _secret_paths(value, f"{prefix}{key}.")


def _explain(
    error: ValidationError, values: dict[str, Any], file: Path | str, root: Path | None
) -> UserError:
    text = ""
    if root is not None and (root / file).is_file():
        text = texts.read(root / file, file)
    found = documents.problems(error, values)
    return documents.together(_mistake(problem, file, text) for problem in found)


def _mistake(problem: documents.Problem, file: Path | str, text: str) -> UserError:
    path = documents.written(problem)
    key = f"{NAMESPACE}:{path}"
    is_written = f"{NAMESPACE}:{path.partition('.')[0]}:" in text
    secret = path.split(".")[0] == "secrets"
    return UserError(
        documents.message(problem),
        file=file,
        line=documents.line_of(text, f"config.{key}") if is_written else None,
        key=key,
        value=None if secret else documents.shown_value(problem),
        fix=_fix(problem, key, secret, Path(file).name.split(".")[1:2]),
    )


def _fix(problem: Any, key: str, secret: bool, stack: list[str]) -> str:
    """What to do; `stack` is the one that the file's name holds, if it does."""
    option = "".join(f" --stack {name}" for name in stack)
    if problem["type"] == "missing":
        return f"pulumi config set {'--secret ' if secret else ''}--path '{key}' VALUE{option}"
    if documents.is_unknown_key(problem):
        hint = documents.spelling_hint(Settings, problem["loc"])
        return f"{hint}; to remove it: pulumi config rm --path '{key}'{option}"
    return "eros/project/settings.py and settings_sections.py say what the key takes"
