"""Links of the documents that leave the project: those that lead nowhere, `make links`.

Only an answer that the page is gone, or a server that has no address, counts as broken. A server
that does not answer, or not to programs, is named and fails nothing: it is somebody else's.
"""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import requests

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 20
_LINK = re.compile(r"\]\((https?://[^)\s]+)\)|<(https?://[^>\s]+)>")
_CODE = re.compile(r"^( {0,3})(`{3,}|~{3,}).*?^ {0,3}\2", re.DOTALL | re.MULTILINE)
_GONE = (404, 410)
# HEAD is refused by some servers that answer GET.
_NO_HEAD = (403, 404, 405, 501)
# The own machine, as examples show it.
_HERE = ("localhost", "127.0.0.1")


def documents(root: Path) -> list[Path]:
    """README.md, the documents, and the packages' pages."""
    return sorted(
        [root / "README.md", *(root / "docs").rglob("*.md"), *root.glob("packages/*/README.md")]
    )


def outside(files: Iterable[Path]) -> dict[str, Path]:
    """Addresses without their anchors, each with the first document that has it."""
    found: dict[str, Path] = {}
    for file in files:
        for link in _LINK.finditer(_CODE.sub("", file.read_text(encoding="utf-8"))):
            address = urldefrag(link[1] or link[2]).url
            if urlsplit(address).hostname not in _HERE:
                found.setdefault(address, file)
    return found


def has_no_address(address: str) -> bool:
    """Whether the name of the server is unknown."""
    try:
        socket.getaddrinfo(urlsplit(address).hostname, None)
    except socket.gaierror as error:
        return error.errno == socket.EAI_NONAME
    return False


def asked(address: str) -> tuple[bool, str]:
    """Whether the link is broken, and what is wrong; an empty text when the page is there."""
    try:
        answer = requests.head(address, timeout=SECONDS, allow_redirects=True)
        if answer.status_code in _NO_HEAD:
            answer = requests.get(address, timeout=SECONDS, stream=True)
            answer.close()
    except requests.ConnectionError as error:
        if has_no_address(address):
            return True, "the server has no address"
        return False, f"no connection: {type(error).__name__}"
    except requests.RequestException as error:
        return False, f"no answer: {type(error).__name__}"
    if answer.status_code < 400:
        return False, ""
    return answer.status_code in _GONE, f"HTTP {answer.status_code}"


def check(links: Mapping[str, Path], root: Path) -> int:
    """Print what is wrong with the links; the exit code, 1 when one is broken."""
    with ThreadPoolExecutor(8) as threads:
        answers = list(zip(links, threads.map(asked, links), strict=True))
    broken = there = 0
    for address, (is_broken, text) in answers:
        broken += is_broken
        there += not text
        if text:
            level = "error" if is_broken else "warning"
            print(f"{level}: {links[address].relative_to(root)}: {address}: {text}")
    print(f"links: {there} of {len(answers)} answered, {broken} broken")
    if answers and not there:
        print("error: no server answered\n  fix: run it where the internet is", file=sys.stderr)
        return 1
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(check(outside(documents(ROOT)), ROOT))
