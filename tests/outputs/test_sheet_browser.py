"""The contact sheet in a real browser, from the disk. Method: headless Chromium counts requests,
complaints and dialogs, and looks at every picture and film."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from outputs_samples import HOSTILE, NOW_S, Shown, make_odd, make_shown
from outputs_studio import make_studio
from playwright.sync_api import Browser, Page, sync_playwright

from pipeline.outputs.sheet import write_sheet
from pipeline.sandbox.media import Brief, make_clip

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

SCROLL = """async () => {
    const pause = () => new Promise(done => setTimeout(done, 40));
    for (let y = 0; y < document.body.scrollHeight; y += 300) { scrollTo(0, y); await pause(); }
    for (const grid of document.querySelectorAll('.grid')) {
        grid.scrollIntoView();
        for (const x of [0, 400, 800, 1200, 0]) { grid.scrollLeft = x; await pause(); }
    }
    scrollTo(0, 0);
}"""

UNSEEN = """() => [...document.querySelectorAll('figure.tile img')]
    .filter(image => image.naturalWidth === 0).map(image => image.src)"""

FILMS = """() => [...document.querySelectorAll('video')]
    .filter(film => film.readyState < 1 && !(film.duration > 0)).map(film => film.src)"""

OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        reason = f"no browser on this machine: none of {', '.join(BROWSERS)}"
        if os.environ.get("PIPELINE_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Look:
    """A page being looked at, and everything that it should not do."""

    def __init__(self, browser: Browser, sheet: Path, width: int, scheme: str) -> None:
        self.page: Page = browser.new_page(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light")
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(f"console: {said.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        self.page.on("request", lambda asked: None if asked.url.startswith("file:")
                     else self.complaints.append(f"request: {asked.url}"))
        self.page.on("requestfailed", lambda asked: self.complaints.append(
            f"failed: {asked.url}") if asked.resource_type != "media" else None)
        self.page.goto(sheet.as_uri())
        self.page.evaluate(SCROLL)
        self.page.wait_for_function(f"() => !({UNSEEN})().length && !({FILMS})().length",
                                    timeout=20_000)


def write(shown: Shown, folder: Path) -> Path:
    return write_sheet(folder, run=shown.run, rows=shown.rows, totals=shown.totals,
                       outputs=shown.outputs, problems=[HOSTILE], now_s=NOW_S)


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sheet")
    content, media_type = make_clip(Brief("dust in the light", "kling", "16:9", "144p", 1), 1.0,
                                    None)
    clip = content if media_type == "video/mp4" else None
    return write(make_shown(folder / "outputs", clip=clip), folder / "report")


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (390, "dark"), (768, "light"),
                                                (1080, "dark"), (1440, "light"), (1920, "dark")])
def test_every_picture_is_seen_and_nothing_is_asked_of_a_network(
        browser: Browser, sheet: Path, width: int, scheme: str) -> None:
    look = Look(browser, sheet, width, scheme)
    assert look.page.locator("figure.tile img").count() == 20
    assert look.page.evaluate(OVERFLOW) <= 0
    assert look.complaints == []
    look.page.close()


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (390, "light"), (1440, "dark")])
def test_sounds_and_captions_are_seen_and_a_sound_plays_when_asked(
        browser: Browser, tmp_path: Path, width: int, scheme: str) -> None:
    look = Look(browser, write(make_studio(tmp_path / "outputs"), tmp_path / "report"), width,
                scheme)
    assert look.page.locator(".wave img").count() == 11
    assert look.page.evaluate(OVERFLOW) <= 0
    sound = look.page.locator("audio").first
    assert sound.evaluate("sound => sound.readyState") == 0
    sound.evaluate("sound => { sound.muted = true; return sound.play(); }")
    look.page.wait_for_function("() => document.querySelector('audio').currentTime > 0")
    assert sound.evaluate("sound => sound.duration") == pytest.approx(4.0, abs=0.1)
    said = look.page.locator(".cues dd").first
    assert said.inner_text() == "This is the quiet part of the morning."
    assert said.is_visible()
    assert look.complaints == []
    look.page.close()


def test_a_picture_opens_large_leads_on_and_closes_where_it_was(browser: Browser,
                                                                sheet: Path) -> None:
    look = Look(browser, sheet, 1440, "light")
    page = look.page
    page.mouse.wheel(0, 400)
    page.wait_for_function("() => scrollY === 400")
    page.locator(".tile .frame").nth(7).click()
    large = page.locator(".view:target img")
    page.wait_for_function(
        "() => document.querySelector('.view:target img').naturalWidth >= 288")
    box = large.bounding_box()
    assert box
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 900
    before = page.url
    page.locator(".view:target .after").click()
    assert page.url != before
    page.locator(".view:target .close").click()
    assert page.locator(".view:target").count() == 0
    assert page.evaluate("() => scrollY") == 400
    assert look.complaints == []
    page.close()


def test_heads_stay_in_sight_while_the_page_scrolls(browser: Browser, sheet: Path) -> None:
    look = Look(browser, sheet, 1440, "light")
    look.page.locator("text=turntable").first.scroll_into_view_if_needed()
    look.page.mouse.wheel(0, 500)
    look.page.wait_for_timeout(100)
    box = look.page.locator("thead .model").first.bounding_box()
    assert box
    assert 0 <= box["y"] < 40
    look.page.close()


@pytest.mark.parametrize("width", [390, 1440])
def test_a_hostile_run_does_nothing_in_the_browser(browser: Browser, tmp_path: Path,
                                                   width: int) -> None:
    look = Look(browser, write(make_odd(tmp_path / "outputs"), tmp_path / "report"), width, "dark")
    assert look.page.locator("script").count() == 0
    assert look.page.evaluate(OVERFLOW) <= 0
    assert look.complaints == []
    look.page.close()


def test_the_sheet_prints_without_losing_a_picture(browser: Browser, sheet: Path) -> None:
    look = Look(browser, sheet, 1440, "dark")
    look.page.emulate_media(media="print")
    look.page.set_viewport_size({"width": 1040, "height": 800})
    assert look.page.evaluate(OVERFLOW) <= 0
    assert len(look.page.pdf(format="A4", landscape=True)) > 20_000
    look.page.close()
