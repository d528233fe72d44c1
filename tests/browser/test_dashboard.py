"""The page of `eros dashboard` in a headless Chromium, at a desk and on a phone."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from eros.project import dashboards, figures
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file
from eros.watch.dashboard import page as pages
from eros.watch.dashboard.cloud_figures import Monitoring, Window
from tests.unit.recorded_monitoring import END, Recorded, busy_day, client

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
WINDOWS = {"desk": DESK, "phone": PHONE}
# Text of WCAG 2.2 level AA.
CONTRAST = 4.5


@dataclass
class Opened:
    """A page that is open, and what it said and asked for."""

    page: Page
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = subprocess.run(
        [PROJECT_ROOT / "tools/browser.sh"], capture_output=True, text=True, check=False
    )
    if found.returncode:
        pytest.skip(found.stderr.strip().splitlines()[-1])
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found.stdout.strip())
        yield started
        started.close()


@pytest.fixture(scope="module")
def declared() -> dict[str, dict[str, Any]]:
    return dashboards.load(load_stack_file("local"))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, declared) -> Path:
    return write(tmp_path_factory.mktemp("page"), busy_day(), declared)


def write(folder: Path, recorded: Recorded, declared: dict[str, dict[str, Any]]) -> Path:
    """The page of the recorded figures."""
    settings = load_stack_file("local")
    monitoring = Monitoring(client(recorded), settings.project, Window.until(END, 24))
    page = pages.Page(settings, "local", monitoring, figures.load(PROJECT_ROOT))
    path = folder / "page.html"
    path.write_text(pages.render(page, declared), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def open_page(browser) -> Callable[..., Opened]:
    """Function that opens a file in a window of its own."""

    def opened(file: Path, size: dict[str, int] = DESK, scheme: str = "light") -> Opened:
        result = Opened(browser.new_context(viewport=size, color_scheme=scheme).new_page())
        # Not how fast a page of several megabytes opens on a busy machine.
        result.page.set_default_timeout(180_000)
        result.page.on("console", lambda message: result.messages.append(message.text))
        result.page.on("pageerror", lambda error: result.messages.append(str(error)))
        result.page.on("request", lambda request: result.requests.append(request.url))
        result.page.goto(file.as_uri())
        result.page.wait_for_function(
            "() => [...document.querySelectorAll('[data-plot]')]"
            ".every(plot => plot.querySelector('.main-svg'))"
        )
        return result

    return opened


@pytest.fixture(scope="module")
def look(open_page, file) -> Callable[..., Opened]:
    """Function that hands out the page of a busy day; tests only look at it."""
    return cache(lambda width, scheme="light": open_page(file, WINDOWS[width], scheme))


@pytest.mark.parametrize("width", ["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_shows_every_declared_widget_without_a_word_or_a_request(
    look, file, declared, width, scheme
):
    opened = look(width, scheme)
    page, size = opened.page, WINDOWS[width]
    assert opened.messages == [], "the console stays empty"
    assert opened.requests == [file.as_uri()], "nothing is loaded but the file"
    titles = [
        tile["widget"]["title"]
        for dashboard in declared.values()
        for tile in dashboard["mosaicLayout"]["tiles"]
    ]
    shown = page.locator("article.widget")
    assert shown.count() == len(titles)
    for place, title in enumerate(titles):
        box = shown.nth(place).bounding_box()
        assert shown.nth(place).locator("h3").inner_text().startswith(title)
        assert box["width"] > 120, f"{title} is wide enough to read"
        assert box["height"] > 60, f"{title} is high enough to read"
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size["width"], f"{title} ends inside the window"
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"], (
        "nobody scrolls sideways"
    )


@pytest.mark.parametrize("width", ["desk", "phone"])
def test_tiles_do_not_overlap_and_hold_what_is_in_them(look, width):
    found = look(width).page.evaluate(
        """() => {
          const tiles = [...document.querySelectorAll('article.widget')];
          const boxes = tiles.map(tile => [tile.id, tile.getBoundingClientRect()]);
          const overlaps = boxes.flatMap(([id, a], place) => boxes.slice(place + 1)
            .filter(([, b]) => a.left < b.right && b.left < a.right
              && a.top < b.bottom && b.top < a.bottom)
            .map(([other]) => `${id} lies over ${other}`));
          const spills = tiles.filter(tile => tile.scrollHeight > tile.clientHeight + 1
            || tile.scrollWidth > tile.clientWidth + 1).map(tile => `${tile.id} is too small`);
          return [...overlaps, ...spills];
        }"""
    )
    assert found == []


def test_lines_and_thresholds_are_drawn(look, declared):
    page = look("desk").page
    place = next(
        place
        for place, tile in enumerate(declared["system"]["mosaicLayout"]["tiles"])
        if tile["widget"]["title"] == "Query Performance"
    )
    plot = page.locator(f"[data-plot=system-{place}]")
    assert plot.locator(".scatterlayer .trace").count() == 2
    assert plot.locator(".shapelayer path").count() == 2
    assert plot.locator(".annotation-text").all_text_contents() == ["target 1 s", "warning 10 s"]
    assert "line warning at 10 s" in plot.get_attribute("aria-label")


def test_the_theme_follows_the_system_and_the_button(open_page, file):
    ground = "getComputedStyle(document.body).backgroundColor"
    stroke = (
        "getComputedStyle(document.querySelector('.scatterlayer .js-line')).stroke"
        " + document.querySelectorAll('.js-line').length"
    )
    light, dark = open_page(file).page, open_page(file, scheme="dark").page
    assert light.evaluate(ground) != dark.evaluate(ground)
    assert light.evaluate(stroke) != dark.evaluate(stroke), "the plots follow, too"
    light.click("#theme")
    assert light.evaluate(ground) == dark.evaluate(ground)
    assert light.evaluate(stroke) == dark.evaluate(stroke)
    dark.click("#theme")
    dark.emulate_media(color_scheme="light")
    assert dark.evaluate(ground) != light.evaluate(ground), "the button outranks the system"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(look, scheme):
    page = look("desk", scheme).page
    colours = page.evaluate(
        """() => [...document.querySelectorAll('h1, h2, h3, p, li, a, span, b, button, code')]
          .filter(element => element.offsetParent && [...element.childNodes].some(
            node => node.nodeType === 3 && node.textContent.trim()))
          .map(element => {
            let ground = element;
            while (getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)')
              ground = ground.parentElement;
            return [element.outerHTML.slice(0, 80), getComputedStyle(element).color,
              getComputedStyle(ground).backgroundColor];
          })"""
    )
    assert len(colours) > 50
    for html, text, ground in colours:
        assert contrast(text, ground) >= CONTRAST, f"{html}: {text} on {ground}"


def test_a_stack_without_a_figure_says_so_in_every_widget(open_page, tmp_path, declared):
    opened = open_page(write(tmp_path, Recorded(), declared), PHONE)
    assert opened.messages == []
    widgets = opened.page.locator("article.widget").count()
    lists = opened.page.locator("article.incidentList").count()
    assert opened.page.locator("article .empty").count() == widgets - lists
    assert opened.page.locator(".health").inner_text().startswith("-")
    assert opened.page.locator("text=No open alerts.").count() == 1 + lists


def test_what_a_metric_is_labelled_with_stays_text(open_page, tmp_path, declared):
    recorded = busy_day()
    evil = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
    for series in recorded.series["logging.googleapis.com/user/eros/alert_firing"]:
        series["metric"]["labels"] = {"rule": evil + series["metric"]["labels"]["rule"]}
    recorded.alerts[0]["policy"]["displayName"] = evil
    opened = open_page(write(tmp_path, recorded, declared))
    assert opened.messages == []
    assert opened.page.locator("img").count() == 0
    assert opened.page.get_by_text(evil).count() >= 2, "it is shown as it is"


def contrast(one: str, other: str) -> float:
    """Contrast of two CSS colours: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
