"""Snakemake's report of the tiny study: whatever it lists is explained, and shown in place."""

import pytest
from browser import open_browser

CATEGORIES = {"Claims", "Errors", "Fused bands", "Paper", "Scenes", "Scores", "Tables", "Training"}


@pytest.fixture(scope="module")
def report(finished, tmp_path_factory):
    """The report in a browser."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    finished.run("--report", str(path))
    with open_browser(tmp_path_factory.mktemp("profile")) as browser:
        browser.chrome.get(path.as_uri())
        browser.wait("return document.body.innerText.includes('Claims')")
        yield browser


def test_every_result_is_of_a_kind_that_is_shown_and_has_a_caption(report):
    results = report.run("return Object.values(results).map(r => [r.name, r.mime_type, r.caption])")
    assert {name for name, *_ in results} >= {"claims.png", "claims.html", "paper.pdf"}
    assert {kind for _, kind, _ in results} == {"image/png", "text/html", "application/pdf"}
    assert [name for name, _, caption in results if len(caption or "") < 80] == []
    assert set(report.run("return Object.keys(categories)")) == CATEGORIES


def click(report, text):
    """Click the element of the page that has this text."""
    report.run(
        "[...document.querySelectorAll('a, button, li, td, span')]"
        ".filter(e => e.innerText?.trim() === arguments[0]).at(-1).click()",
        text,
    )


def test_a_table_is_shown_in_place(report):
    click(report, "Claims")
    rows = "[...document.querySelectorAll('tbody tr')]"
    report.wait(f"return {rows}.length === 4")
    row = f"{rows}.find(row => row.innerText.includes('claims, as a table'))"
    report.run(f"{row}.querySelector('a').click()")
    page = report.wait("return document.querySelector('iframe')?.src")
    report.chrome.get(page)
    assert report.run("return document.title") == "claims"
    cells = report.run("return [...document.querySelectorAll('td')].map(cell => cell.innerText)")
    assert "The CAE has the lower RMSE on all three bands." in cells
    assert report.run("return document.documentElement.scrollWidth <= innerWidth")
