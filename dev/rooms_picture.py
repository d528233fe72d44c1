"""`python -m dev.rooms_picture`: who imports whom, read from the sources, as a picture.

Writes docs/images/architecture-imports.svg. An arrow that follows from others is left out: who
imports A may import what A imports.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "images" / "architecture-imports.svg"

# Folder of each room's package, what the picture says, and where: left, top.
ROOMS = {
    "components": (".", ("__main__.py", "components/"), 10, 20),
    "policy": (".", ("policy/", "the policy pack"), 190, 20),
    "eros": (".", ("eros/", "the product"), 370, 20),
    "bqstack": ("packages/bqstack/src", ("packages/bqstack/", "the library"), 550, 20),
    "gcptypes": ("packages/gcptypes/src", ("packages/gcptypes/", "resource types"), 740, 20),
    "localgcp": ("packages/localgcp/src", ("packages/localgcp/", "the local cloud"), 550, 110),
    "erosbuilder": ("packages/erosbuilder/src", ("packages/erosbuilder/", "alone"), 740, 110),
}
_WIDTH, _HEIGHT = 150, 50
_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 215" font-family="system-ui, sans-serif" \
font-size="13" role="img" aria-label="Who imports whom">
<style>
rect { fill: #f6f8fa; stroke: #57606a; } text { fill: #24292f; } path { stroke: #57606a; \
fill: none; }
@media (prefers-color-scheme: dark) { rect { fill: #161b22; stroke: #8b949e; } \
text { fill: #e6edf3; } path { stroke: #8b949e; } }
</style>
<defs><marker id="a" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" \
orient="auto"><path d="M0 0 8 4 0 8"/></marker></defs>
"""
_FOOT = (
    "An arrow means: imports that room, and may import what it imports.",
    "dev/, tools/ and tests/ may import everything; nothing above imports them.",
)


def main() -> int:
    """Write the picture."""
    TARGET.write_text(picture(arrows(imports())), encoding="utf-8")
    return 0


def imports() -> dict[str, set[str]]:
    """The other rooms that each room imports, wherever the statement stands."""
    found: dict[str, set[str]] = {}
    for room, (folder, *_) in ROOMS.items():
        names: set[str] = set()
        for file in (ROOT / folder / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    names |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names.add(node.module)
        found[room] = {name.partition(".")[0] for name in names} & ROOMS.keys() - {room}
    return found


def arrows(direct: dict[str, set[str]]) -> set[tuple[str, str]]:
    """Imports that do not follow from others; ValueError where rooms import each other."""

    def reached(room: str, path: tuple[str, ...] = ()) -> set[str]:
        if room in path:
            raise ValueError(f"rooms import each other: {' -> '.join((*path, room))}")
        further = (reached(other, (*path, room)) for other in direct[room])
        return direct[room].union(*further)

    return {
        (room, other)
        for room, others in direct.items()
        for other in others
        if not any(other in reached(between) for between in others - {other})
    }


def picture(drawn: set[tuple[str, str]]) -> str:
    """The SVG of these arrows."""
    parts = [_HEAD]
    for _, words, left, top in ROOMS.values():
        parts.append(f'<rect x="{left}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>')
        for line, word in enumerate(words):
            at = f'x="{left + _WIDTH // 2}" y="{top + 21 + 17 * line}" text-anchor="middle"'
            parts.append(f"<text {at}>{escape(word)}</text>")
        parts.append("\n")
    for start, end in sorted(drawn):
        _, _, x, y = ROOMS[start]
        _, _, to_x, to_y = ROOMS[end]
        begin = f"M{x + _WIDTH} {y + _HEIGHT // 2}"
        bend = f"H{to_x - 20}V{to_y + _HEIGHT // 2}" if y != to_y else ""
        parts.append(f'<path d="{begin}{bend}H{to_x - 1}" marker-end="url(#a)"/>\n')
    for line, text in enumerate(_FOOT):
        parts.append(f'<text x="10" y="{188 + 18 * line}">{escape(text)}</text>\n')
    return "".join([*parts, "</svg>\n"])


if __name__ == "__main__":
    sys.exit(main())
