"""A real browser for the tests that need one: Chromium, driven by playwright, with nothing asked from outside."""

from __future__ import annotations

import importlib.resources
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIETLY = ["gpu", "quic", "background-networking", "component-update", "sync"]
ARGUMENTS = ["--no-sandbox", "--no-first-run", *(f"--disable-{part}" for part in QUIETLY)]
HERE = ("file:", "data:", "blob:", "http://127.0.0.1", "ws://127.0.0.1")
needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium or Chrome is installed here, so what a browser would show was not checked"
)


@contextmanager
def opened(scheme: str = "light") -> Iterator[Page]:
    """Open a page; afterwards fail if it asked anything from another computer, or wrote an error into its console."""
    asked, errors = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme=scheme)
            page.on("request", lambda request: asked.append(request.url))
            page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
            page.on("pageerror", lambda error: errors.append(str(error)))
            yield page
        finally:
            browser.close()
    assert [address for address in asked if not address.startswith(HERE)] == []
    assert errors == []


# Contrast takes axe-core seconds for each hundred texts, and a page has thousands of a few kinds: one of each is
# measured, a kind being the letters' looks and all that is drawn behind them. Other rules see the whole places.
AXE = """async ([places, coloursOnly]) => {
  const kinds = new Map(), behind = new Map([[null, ""]]);
  const backdrop = (element) => {
    if (!behind.has(element)) {
      const style = getComputedStyle(element);
      const own = [style.backgroundColor, style.backgroundImage, style.opacity, style.position].join();
      behind.set(element, backdrop(element.parentElement) + (own === "rgba(0, 0, 0, 0),none,1,static" ? "" : own));
    }
    return behind.get(element);
  };
  for (const element of document.querySelectorAll(places.map((place) => `${place}, ${place} *`).join())) {
    const visible = element.checkVisibility({visibilityProperty: true, opacityProperty: true});
    if (!visible || ![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    const {color, fontSize, fontWeight, textShadow} = getComputedStyle(element);
    const looks = [color, fontSize, fontWeight, textShadow, element.localName, element.className, backdrop(element)];
    if (!kinds.has(looks.join())) kinds.set(looks.join(), element);
  }
  const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], contrast = "color-contrast";
  const check = async (where, options) =>
    (await axe.run({include: where}, {preload: false, resultTypes: ["violations"], ...options})).violations;
  const found = kinds.size ? await check([...kinds.values()], {runOnly: [contrast]}) : [];
  if (!coloursOnly) {
    const rules = {[contrast]: {enabled: false}};
    found.push(...await check(places.map((place) => [place]), {runOnly: {type: "tag", values}, rules}));
  }
  return found.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 120)}`));
}"""


def barriers(page: Page, *places: str, colours_only: bool = False) -> list[str]:
    """Return what axe-core finds against WCAG 2.2, levels A and AA, inside the elements that the selectors name.

    ``colours_only`` leaves it at contrast, where the same markup was looked at in another scheme.
    """
    if not page.evaluate("() => 'axe' in window"):
        script = importlib.resources.files("axe_playwright_python") / "axe.min.js"
        page.evaluate(script.read_text(encoding="utf-8"))
    return page.evaluate(AXE, [places, colours_only])
