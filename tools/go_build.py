"""Builds the Pulumi CLI and its Python language host with Go, from modules that pin them.

For machines that reach a Go module proxy but not Pulumi's download site.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tools.console import ToolchainError, run, tail, ticking

CLI_VERSION = "3.259.0"
_SDK = "github.com/pulumi/pulumi/sdk/v3"
_CLI = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_HOST = f"{_SDK}/python/cmd/pulumi-language-python"
_NO_GO = (
    "no Pulumi engine: the CLI (3.150 or newer, with pulumi-language-python) is not on PATH, "
    "its download site was not reached, and there is no `go` to build it\n"
    "  fix: install Pulumi (https://www.pulumi.com/docs/install/), or Go 1.26 or newer "
    "(https://go.dev/dl/), and run the command again"
)


def build(modules: Path, output: Path) -> None:
    """Build both programs into the folder `output`, with the host's script beside it.

    `modules` holds the Go modules `pulumi-cli` and `pulumi-language-python`.
    Raises ToolchainError when Go is missing or a build fails.
    """
    if shutil.which("go") is None:
        raise ToolchainError(_NO_GO)
    version = f"-X {_SDK}/go/common/version.Version=v{CLI_VERSION}"
    compile_program(modules / "pulumi-language-python", _HOST, output, "about 1 minute")
    compile_program(
        modules / "pulumi-cli", _CLI, output, "about 7 minutes, once per machine", version
    )
    sources = Path(
        run(["go", "list", "-m", "-f", "{{.Dir}}", _SDK], cwd=modules / _name(_HOST)).strip()
    )
    script = output / "pulumi-language-python-exec"
    shutil.copyfile(sources / "python" / "cmd" / script.name, script)
    script.chmod(0o755)


def _name(package: str) -> str:
    return package.rpartition("/")[2]


def compile_program(
    module: Path, package: str, output: Path, duration: str, ldflags: str = ""
) -> None:
    """Build one package of a Go module of ours into the folder `output`; raises ToolchainError."""
    name = _name(package)
    fetched: list[str] = []
    with ticking(f"{name}: fetching Go modules", lambda: f"{len(fetched)} fetched"):
        listed = _watch(["go", "list", "-deps", package], module, fetched.append)
    total = len(listed.splitlines())
    # `go build -v` names each package that it compiles, and none that its cache holds.
    compiled: list[str] = []

    def progress() -> str:
        if not compiled:
            return ""
        return f"{len(compiled)} of at most {total} packages, {compiled[-1]}"

    command = ["go", "build", "-v", "-trimpath", "-ldflags", f"-s -w {ldflags}".strip()]
    with ticking(f"{name}: compiling with Go ({duration})", progress):
        _watch([*command, "-o", str(output / name), package], module, compiled.append)


def _watch(command: list[str], module: Path, on_line: Callable[[str], None]) -> str:
    """Run `go`, handing over each line of its stderr as it comes; gives its stdout."""
    lines: list[str] = []
    with (
        tempfile.TemporaryFile("w+") as stdout,
        subprocess.Popen(
            command,
            cwd=module,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        for line in process.stderr or ():
            lines.append(line)
            on_line(line.strip())
        if process.wait() != 0:
            raise ToolchainError(
                f"`{' '.join(command[:2])}` of {module.name} failed (Go 1.26 or newer is needed):\n"
                + tail("".join(lines))
            )
        stdout.seek(0)
        return stdout.read()
