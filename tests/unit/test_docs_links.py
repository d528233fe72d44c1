"""Documents lead where they say: files, headings, commands of make."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eros.project.settings import PROJECT_ROOT

DOCUMENTS = sorted([PROJECT_ROOT / "README.md", *(PROJECT_ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\[[^\]\[]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"^( {0,3})(`{3,}|~{3,}).*?^ {0,3}\2", re.DOTALL | re.MULTILINE)


def anchors(document: Path) -> set[str]:
    """Anchors that GitHub gives the headings of a document."""
    text = _CODE.sub("", document.read_text(encoding="utf-8"))
    found: set[str] = set(re.findall(r'<a (?:id|name)="([^"]+)"', text))
    for title in re.findall(r"^#+ +(.+?)\s*#*$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", title).lower()
        base = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        anchor, number = base, 0
        while anchor in found:
            number += 1
            anchor = f"{base}-{number}"
        found.add(anchor)
    return found


@pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT_ROOT))
)
def test_links_lead_somewhere(document):
    text = _CODE.sub("", document.read_text(encoding="utf-8"))
    broken = []
    for target in _LINK.findall(text):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def test_commands_of_make_in_documents_exist():
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT_ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for block in re.findall(r"`make ([a-z-]+)|^make ([a-z-]+)", text, re.MULTILINE):
            name = block[0] or block[1]
            assert name in targets, f"{document.name}: make {name}"


def test_what_fulfils_and_shows_a_demand_is_there():
    text = (PROJECT_ROOT / "docs/requirements.md").read_text(encoding="utf-8")
    demands = text.partition("## Demand by demand")[2]
    paths = re.findall(r"`([a-z.]+/[\w./-]+)`", demands)
    assert len(paths) > 50
    assert [path for path in paths if not (PROJECT_ROOT / path).exists()] == []
