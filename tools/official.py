"""Pulumi's own release: found on this machine, or downloaded where the internet answers."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import tarfile
import threading
import urllib.request
from pathlib import Path

from tools.console import say, ticking

VERSION = "3.272.0"
OLDEST = (3, 150)
RELEASES = "https://get.pulumi.com/releases/sdk"
PROGRAMS = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")
_ANSWER_SECONDS = 4
_READ_SECONDS = 30


class UnavailableError(Exception):
    """The release cannot be had from here; its text says why."""


def installed(path: str) -> Path | None:
    """The folder of an official CLI that is recent enough and complete, or None.

    Looks along `path` and in the installer's own folder.
    """
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi") / "bin"
    found = shutil.which("pulumi", path=f"{path}{os.pathsep}{home}")
    if found is None:
        return None
    folder = Path(found).resolve().parent
    complete = all((folder / name).exists() for name in PROGRAMS)
    recent = (version_of(Path(found)) or (0,)) >= OLDEST
    if complete and recent:
        return folder
    lack = "has no Python language host beside it" if recent else "is older than 3.150"
    say(f"Pulumi: not using {found}, it {lack}")
    return None


def version_of(program: Path) -> tuple[int, ...] | None:
    """The version that `pulumi version` answers, None for a program that fails."""
    try:
        answer = subprocess.run(
            [program, "version"],
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"v?(\d+)\.(\d+)\.(\d+)", answer.stdout)
    return tuple(int(part) for part in match.groups()) if match else None


def may_download() -> bool:
    """Whether to try the internet: not when asked to stay offline, nor in CI unless asked to."""
    setting = os.environ.get("EROS_OFFLINE", "")
    return setting != "1" and (setting == "0" or not os.environ.get("CI"))


def download(target: Path) -> None:
    """Fetch the release's programs into `target`.

    Raises UnavailableError when the site does not answer soon or what it sends does not run.
    """
    address = f"{RELEASES}/pulumi-v{VERSION}-{platform_name()}.tar.gz"
    if not _answers(address):
        raise UnavailableError("the download site does not answer from here")
    archive = target / "release.tar.gz"

    def received() -> str:
        return f"{archive.stat().st_size // 1_000_000} MB" if archive.exists() else ""

    try:
        with (
            ticking(f"Pulumi: downloading {VERSION}", received),
            urllib.request.urlopen(address, timeout=_READ_SECONDS) as response,
            archive.open("wb") as file,
        ):
            shutil.copyfileobj(response, file)
        _unpack(archive, target)
    except (OSError, tarfile.TarError, KeyError) as error:
        raise UnavailableError(f"the download failed ({error})") from error
    if version_of(target / "pulumi") is None:
        raise UnavailableError("the downloaded program does not run")


def platform_name() -> str:
    """This machine as Pulumi's releases name it."""
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}
    arch = platform.machine().lower()
    return f"{platform.system().lower()}-{machine.get(arch, arch)}"


def _answers(address: str) -> bool:
    """Whether the site answers soon. In a thread: looking up a name can hang for a minute."""
    answers: list[bool] = []

    def ask() -> None:
        request = urllib.request.Request(address, method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS):
                answers.append(True)
        except OSError:
            answers.append(False)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_ANSWER_SECONDS)
    return answers == [True]


def _unpack(archive: Path, target: Path) -> None:
    """Take the programs we need out of the release; the rest serves other languages."""
    with tarfile.open(archive) as release:
        for name in PROGRAMS:
            member = release.getmember(f"pulumi/{name}")
            member.name = name
            release.extract(member, target, filter="data")
    archive.unlink()
