"""Accessibility by axe-core: what it finds wrong with our own nodes of a page."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_SOURCE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Landmarks, headings and the page as a whole are JupyterLab's.
_OF_THE_PAGE = ["region", "landmark-one-main", "page-has-heading-one", "bypass", "heading-order"]
# JupyterLab's own button, which names a role in its shadow tree only.
_OF_THE_TOOLKIT = ["jp-button"]


@functools.cache
def _source() -> str:
    assert _SOURCE.exists(), "axe-core is missing: npm ci"
    return _SOURCE.read_text()


def violations(page: Page, *within: str) -> list[str]:
    """What WCAG 2.2 AA and good practice forbid within these parts of the page, a line for each node.

    Args:
        page: the page as it is now.
        within: CSS selectors of what is ours; each has to be there.
    """
    for selector in within:
        assert page.locator(selector).count(), f"{selector} is not on the page"
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_source())
    found: dict[str, Any] = page.evaluate(
        """([include, exclude, rules, foreign]) => axe.run({ include, exclude }, {
            runOnly: { type: 'tag', values: rules },
            rules: Object.fromEntries(foreign.map(rule => [rule, { enabled: false }])),
            resultTypes: ['violations']
        })""",
        [[[one] for one in within], [[one] for one in _OF_THE_TOOLKIT], _RULES, _OF_THE_PAGE],
    )
    return [
        f"{violation['id']}: {node['html'][:160]} -- {node['failureSummary'].splitlines()[-1].strip()}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
