"""Pictures of plan comments as GitHub shows them, for eyes: `python -m dev.comments --help`.

Markdown in the Python port of CommonMark with GitHub's alerts, Mermaid by its own script, in the
Chromium of this machine. Mermaid is no package of Python, so the folder is named where
`npm install --prefix FOLDER mermaid` put it.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from markdown_it import MarkdownIt
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
COMMENTS = ROOT / "tests/unit/plan/golden"
MERMAID = "node_modules/mermaid/dist/mermaid.min.js"
# The column of a comment on a pull request, at a desk and on a phone.
WIDTHS = {"desk": 860, "phone": 390}

_ALERT = re.compile(
    r"<blockquote>\s*<p>\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*(?:<br\s*/?>)?\s*"
)
_DIAGRAM = re.compile(r'<pre><code class="language-mermaid">(.*?)</code></pre>', re.DOTALL)

_STYLE = """
body { box-sizing: border-box; margin: 0; padding: 16px; color: #1f2328; overflow-wrap: break-word;
  font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif }
h3 { font-size: 1.25em; margin: 0 0 16px } h4 { font-size: 1em; margin: 24px 0 16px }
code { font: 85% ui-monospace, "Liberation Mono", monospace; padding: .2em .4em;
  background: rgba(129, 139, 152, .12); border-radius: 6px }
pre { padding: 16px; background: #f6f8fa; border-radius: 6px; overflow: auto }
pre code { padding: 0; background: none }
table { border-collapse: collapse; display: block; width: max-content; max-width: 100%;
  overflow: auto; margin-bottom: 16px }
th, td { padding: 6px 13px; border: 1px solid #d1d9e0 }
tr:nth-child(2n) { background: #f6f8fa }
blockquote { margin: 0 0 16px; padding: 0 1em; border-left: .25em solid #d1d9e0 }
blockquote.alert { padding: 8px 16px } details { margin-bottom: 16px }
.alert b { display: block; margin-bottom: 8px }
.caution { border-color: #cf222e !important } .caution b { color: #d1242f }
.warning { border-color: #9a6700 !important } .warning b { color: #9a6700 }
.note { border-color: #0969da !important } .note b { color: #0969da }
"""


def page(text: str, mermaid: str) -> str:
    """One comment as a page by itself."""
    body = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    body = _ALERT.sub(
        lambda found: (
            f'<blockquote class="alert {found[1].lower()}"><b>{found[1].capitalize()}</b><p>'
        ),
        body,
    )
    body = _DIAGRAM.sub(lambda found: f'<div class="mermaid">{found[1]}</div>', body)
    return (
        f'<!doctype html><meta charset="utf-8"><style>{_STYLE}</style>{body}'
        f"<script>{mermaid}</script><script>mermaid.initialize({{startOnLoad: false}});"
        "mermaid.run().then(() => document.body.dataset.drawn = 'yes',"
        " error => document.body.dataset.drawn = String(error))</script>"
    )


def draw(comments: list[Path], mermaid: Path, output: Path, width: int) -> list[Path]:
    """A picture of each comment; a diagram that Mermaid refuses is an error."""
    found = subprocess.run(
        [ROOT / "tools/browser.sh"], stdout=subprocess.PIPE, text=True, check=True
    )
    script = mermaid.read_text(encoding="utf-8")
    output.mkdir(parents=True, exist_ok=True)
    pictures = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found.stdout.strip())
        for comment in comments:
            view = browser.new_page(viewport={"width": width, "height": 200})
            view.set_content(page(comment.read_text(encoding="utf-8"), script))
            view.wait_for_selector("body[data-drawn]")
            drawn = view.get_attribute("body", "data-drawn")
            if drawn != "yes":
                sys.exit(f"error: {comment}: Mermaid refuses the diagram: {drawn}")
            pictures.append(output / f"{comment.stem}.png")
            view.screenshot(path=pictures[-1], full_page=True)
            view.close()
        browser.close()
    return pictures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dev.comments", description=__doc__)
    parser.add_argument(
        "comments", nargs="*", type=Path, help="Markdown files (default: the golden comments)"
    )
    parser.add_argument("--npm", type=Path, required=True, help="folder in which Mermaid is")
    parser.add_argument("--output", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--width", choices=WIDTHS, default="desk")
    given = parser.parse_args()
    mermaid = given.npm / MERMAID
    if not mermaid.is_file():
        sys.exit(
            f"error: no {MERMAID} in {given.npm}\n  fix: npm install --prefix {given.npm} mermaid"
        )
    comments = given.comments or sorted(COMMENTS.glob("*.md"))
    for picture in draw(comments, mermaid, given.output, WIDTHS[given.width]):
        print(picture)


if __name__ == "__main__":
    main()
