"""The curves in a real JupyterLab: small multiples, hover, zoom, seeds, hints, divergence, and downloads."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import runlore_server
from tests.e2e.conftest import Gallery, open_lab
from tests.e2e.test_story import pictured, screenshot, set_theme
from tests.rerun.conftest import wait_until

SOON = 20_000
SHOWN = ("mlp-0.01-1", "mlp-0.01-2", "mlp-0.01-3", "mlp-0.03-1", "overfit", "wider")


@pytest.fixture(scope="module")
def page(browser: Browser, gallery: Gallery) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 900}, accept_downloads=True)
    page = context.new_page()
    open_lab(page, gallery.lab)
    yield page
    context.close()


@pytest.fixture(scope="module")
def grid(page: Page, gallery: Gallery) -> Locator:
    """The charts of a comparison."""
    page.evaluate(
        "ids => window.jupyterapp.commands.execute('runlore:compare', { runIds: ids })",
        [gallery.runs[name] for name in SHOWN],
    )
    grid = page.locator(".jp-Runlore-grid")
    expect(grid.locator(".jp-Runlore-chart")).to_have_count(3, timeout=SOON)
    expect(chart(grid, "loss")).to_have_attribute("data-lines", str(len(SHOWN)), timeout=SOON)
    return grid


def chart(grid: Locator, metric: str) -> Locator:
    return grid.locator(f".jp-Runlore-chart[data-metric='{metric}']")


def choose(grid: Locator, item: str) -> None:
    grid.get_by_label("More on the curves").click()
    grid.page.locator(".lm-Menu-item", has_text=item).click()


def ranges(grid: Locator) -> list[list[float]]:
    """What of the horizontal axes is seen."""
    found: list[list[float]] = grid.evaluate(
        "grid => [...grid.querySelectorAll('.js-plotly-plot')].map(plot => plot.layout.xaxis.range)"
    )
    return found


def test_lab_starts_without_plotly(browser: Browser, gallery: Gallery) -> None:
    static = Path(runlore_server.__file__).parent / "labextension" / "static"
    (chunk,) = [file.name for file in static.glob("*.js") if "newPlot" in file.read_text()]
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_lab(page, gallery.lab)
    assert any("remoteEntry" in url for url in asked)
    assert not [url for url in asked if chunk in url]
    with page.expect_request(lambda request: chunk in request.url, timeout=SOON):
        page.evaluate("() => window.jupyterapp.commands.execute('runlore:show-panel')")
    context.close()


def test_one_pointer_goes_through_all_charts_and_fills_one_table(grid: Locator) -> None:
    box = chart(grid, "loss").bounding_box()
    assert box is not None
    grid.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(grid.locator(".jp-Runlore-cursor")).to_have_count(3)
    legend = grid.locator(".jp-Runlore-legend")
    expect(legend.locator("caption")).to_have_text(re.compile(r"Values at step \d+"))
    grid.page.wait_for_function(
        """count => {
            const cells = [...document.querySelectorAll('.jp-Runlore-legend tbody tr td:nth-child(2)')];
            const values = cells.map(cell => Number(cell.textContent));
            return values.length === count && values.every((value, row) => row === 0 || values[row - 1] >= value);
        }""",
        arg=len(SHOWN),
        timeout=SOON,
    )
    pictured(grid.page, "curves")


def test_a_zoom_into_one_chart_is_a_zoom_into_all(grid: Locator) -> None:
    area = chart(grid, "loss").locator(".nsewdrag").first.bounding_box()
    assert area is not None
    y, start = area["y"] + area["height"] / 2, area["x"] + area["width"] / 3
    mouse = grid.page.mouse
    mouse.move(start, y)
    mouse.down()
    mouse.move(start + area["width"] / 3, y, steps=4)
    mouse.up()
    resets = grid.get_by_role("button", name="Reset zoom")
    expect(resets).to_have_count(3)
    wait_until(lambda: all(50 < least < greatest < 250 for least, greatest in ranges(grid)))
    assert ranges(grid) == ranges(grid)[:1] * 3
    resets.first.click()
    expect(resets).to_have_count(0)


def test_lines_are_hidden_and_shown_alone_by_the_legend(grid: Locator) -> None:
    lines = chart(grid, "loss")
    entry = grid.get_by_role("button", name="overfit")
    entry.click()
    expect(lines).to_have_attribute("data-lines", str(len(SHOWN) - 1))
    expect(entry).to_have_attribute("aria-pressed", "false")
    entry.press("Shift+Enter")
    expect(lines).to_have_attribute("data-lines", "1")
    entry.press("Shift+Enter")
    expect(lines).to_have_attribute("data-lines", str(len(SHOWN)))


def test_seeds_are_summed_up_and_best_points_marked(grid: Locator) -> None:
    lines = chart(grid, "loss")
    choose(grid, "Mean of Seeds, Least to Greatest")
    expect(lines).to_have_attribute("data-lines", str(len(SHOWN) - 2), timeout=SOON)
    assert lines.evaluate("one => one.querySelector('.js-plotly-plot').data.some(t => t.fill === 'tonexty')")
    legend = grid.locator(".jp-Runlore-legend tbody")
    together = legend.locator("tr", has_text="×3").locator("td").first
    expect(together).to_have_text(re.compile(r"^\S+ ± \S+ n = 3$"))
    members = legend.locator("[data-is-member=true] td:nth-child(2)").all_inner_texts()
    assert float(together.inner_text().split()[0]) == pytest.approx(sum(map(float, members)) / 3, rel=1e-3)
    screenshot(grid.page, "panel-seeds-light")
    choose(grid, "Mark the Best Points")
    expect(lines.locator(".jp-Runlore-best")).to_have_count(len(SHOWN) - 2)
    choose(grid, "A Line for Each Run")
    choose(grid, "Mark the Best Points")
    expect(lines.locator(".jp-Runlore-best")).to_have_count(0)


def test_a_turn_and_a_divergence_are_said_where_they_are(grid: Locator) -> None:
    hint = grid.locator(".jp-Runlore-hints li")
    expect(hint).to_have_count(1, timeout=SOON)
    expect(hint).to_contain_text(re.compile(r"overfit may overfit: val_loss turned at step \d+"))
    expect(hint).to_contain_text("the model kept last before that: net.pt, after step 90", timeout=SOON)
    assert "Rule" in (hint.get_attribute("title") or "")
    expect(chart(grid, "val_loss").locator(".jp-Runlore-rule")).to_contain_text("best at step")
    parted = chart(grid, "loss").locator(".jp-Runlore-rule")
    expect(parted).to_contain_text(re.compile(r"diverges at step \d+"))
    assert "layers" in (parted.get_attribute("title") or "")


def test_the_axis_is_the_time_or_the_clock_where_one_wants_that(grid: Locator) -> None:
    axis = grid.get_by_role("combobox", name="Horizontal axis")
    expect(axis.locator("option", has_text="epoch")).to_be_disabled()  # none of these tells of epochs
    axis.select_option("time")
    expect(chart(grid, "loss")).to_have_attribute("data-lines", str(len(SHOWN)))
    grid.page.wait_for_function(
        "() => document.querySelector('.jp-Runlore-grid .js-plotly-plot').layout.xaxis.range[1] < 60"
    )
    axis.select_option("clock")
    grid.page.wait_for_function(
        "() => document.querySelector('.jp-Runlore-grid .js-plotly-plot').layout.xaxis.type === 'date'"
    )
    axis.select_option("step")
    grid.page.wait_for_function(
        "() => document.querySelector('.jp-Runlore-grid .js-plotly-plot').layout.xaxis.range[1] > 250"
    )


def test_everything_can_be_taken_away(grid: Locator, gallery: Gallery) -> None:
    page = grid.page
    with page.expect_download() as table:
        choose(grid, "Download All Points as CSV")
    rows = list(csv.DictReader(io.StringIO(Path(table.value.path()).read_text())))
    assert len(rows) == len(SHOWN) * 3 * 300
    assert {row["run_id"] for row in rows} == {gallery.runs[name] for name in SHOWN}
    with page.expect_download() as picture:
        choose(grid, "Download as PNG")
    assert Path(picture.value.path()).read_bytes().startswith(b"\x89PNG")
    with page.expect_download() as drawing:
        choose(grid, "Download as SVG")
    svg = Path(drawing.value.path()).read_text()
    assert svg.startswith("<svg")
    rows = re.findall(r">((?:mlp|overfit)\b[^<]*)<", svg)
    assert len(rows) == len(set(rows)) == len(SHOWN), "runs of one name are told apart"
    assert svg.count(">step<") == 3


def test_the_charts_are_in_the_colours_of_a_theme_at_once(grid: Locator) -> None:
    page = grid.page
    set_theme(page, "JupyterLab Light")  # whatever the settings were left at
    seen = page.evaluate(
        """async () => {
            const chart = document.querySelector('.jp-Runlore-grid .jp-Runlore-chart');
            const style = node => getComputedStyle(node);
            // Colours as such are compared with colours as such.
            const probe = chart.appendChild(document.createElement('span'));
            probe.style.color = 'var(--jp-ui-font-color2)';
            const changed = new Promise(done => new MutationObserver(done).observe(document.body, {
                attributeFilter: ['data-jp-theme-name'] }));
            await window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' });
            await changed;
            const told = {
                background: style(chart.querySelector('.main-svg')).backgroundColor,
                text: style(chart.querySelector('.ytick text')).fill,
                meant: style(probe).color
            };
            probe.remove();
            return told;
        }"""
    )
    set_theme(page, "JupyterLab Light")
    assert seen["background"] == "rgba(0, 0, 0, 0)"
    assert seen["text"] == seen["meant"]


def test_the_code_for_a_cell_runs_as_it_is(grid: Locator) -> None:
    page = grid.page
    page.evaluate(
        """async () => {
            const app = window.jupyterapp;
            const model = await app.commands.execute('docmanager:new-untitled', { type: 'notebook' });
            const widget = await app.commands.execute('docmanager:open', {
                path: model.path, factory: 'Notebook', kernel: { name: 'python3' },
                options: { mode: 'split-right' } });
            await widget.context.ready;
            await widget.sessionContext.ready;
            await widget.sessionContext.session.kernel.info;
        }"""
    )
    choose(grid, "Copy as Plotly Code into a Cell")
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    expect(cells).to_have_count(2)
    expect(cells.nth(1)).to_contain_text("runlore.curves(")
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell'); }")
    expect(cells.nth(1).locator(".jp-OutputArea-output")).not_to_have_count(0, timeout=60_000)
    expect(cells.nth(1).locator("[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)
    outputs = page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.toJSON().outputs"""
    )
    assert [one["output_type"] for one in outputs] == ["display_data"], outputs
    assert "application/vnd.plotly.v1+json" in outputs[0]["data"]
