"""Check that the pages for people show the numbers of the tables."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.errors import StudyError
from ..show.pages import as_page, title_of
from ..show.viewer.scores import full_region, read_scores
from ..study.layout import Layout
from .checks import Check, check
from .crate import is_made_by
from .derived import compare_lines
from .files import read_text

MAX_MB = 500
ADDED = ("palettes", "classes", "maps")  # added to the data of a page by viewer/page.py
DATA = re.compile(r'<script type="application/json" id="study">(.*?)</script>', re.S)
LIBRARY = "bokeh"  # a part of every page of the viewer


def check_pages(study: Mapping[str, Any], folder: Path) -> list[Check]:
    """Return the checks of the report's and the viewer's pages in a results folder."""
    layout = Layout(study, is_whole=True)
    reports = {path: name for name, path in layout.report_tables().items()}
    viewers = {f"viewer/{page}": site for site, page in layout.pages().items()}
    return [
        check(path, _check_report, folder, path, name)
        for path, name in reports.items()
        if (folder / path).exists()
    ] + [
        check(path, _check_viewer, layout, folder, path, site)
        for path, site in viewers.items()
        if (folder / path).exists()
    ]


def _check_report(folder: Path, path: str, name: str) -> str:
    """Return a note if a page of the report follows from the table of that name."""
    text = read_text(folder / f"tables/{name}.md", MAX_MB)
    return compare_lines(as_page(text, title_of(name)).splitlines(), folder / path)


def _check_viewer(layout: Layout, folder: Path, path: str, site: str) -> str:
    """Return a note if a page of the viewer is the project's own, with the scores of the tables.

    The page is made again here from the data in it, so that it cannot contain other words or
    scripts. Its pixels are not compared. Raises StudyError otherwise.
    """
    text = read_text(folder / path, MAX_MB)
    data = _data(text, folder / path)
    tables = [folder / table for table in layout.score_tables([site])]
    region = full_region(bool(layout.truth(site)))
    found = read_scores(tables, region, data["sizes"])
    shown = 0
    for (protocol, scale, method, sar_input, seed), scores in found.items():
        name = f"{protocol}{scale}/{method}-{sar_input}"
        for layer in data["layers"]:
            if layer.get("id") == name and layer.get("seed") == seed:
                shown += 1
                if layer.get("scores") != json.loads(json.dumps(scores)):
                    raise StudyError(f"{folder / path}: {name}: scores differ from the tables")
    if sum(bool(layer.get("scores")) for layer in data["layers"]) != shown:
        raise StudyError(f"{folder / path}: a layer has scores that this study does not have")
    from ..show.viewer.page import FILES, build_page  # Bokeh takes long, and few folders have pages

    note = f"{shown} layers have the scores of the tables"
    if not is_made_by(folder, LIBRARY):
        return f"{note}; the rest was not checked, since another version of Bokeh made it"
    if build_page(data, *(file.read_text(encoding="utf-8") for file in FILES)) != text:
        raise StudyError(f"{folder / path}: not the page that the project makes from its data")
    return f"{note}; the page follows from its data"


def _data(text: str, path: Path) -> dict[str, Any]:
    """Return the data that a page of the viewer shows; StudyError if it has none."""
    found = DATA.search(text)
    try:
        data = json.loads(found[1]) if found else None
    except (ValueError, RecursionError) as error:
        raise StudyError(f"{path}: its data are not JSON ({error})") from None
    if not isinstance(data, dict):
        raise StudyError(f"{path}: a page without data")
    return {name: value for name, value in data.items() if name not in ADDED}
