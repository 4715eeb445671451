"""Build the viewer of one site: a page with every layer, that opens from disk."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sarfusion.core.earth import north_words
from sarfusion.core.errors import StudyError
from sarfusion.core.files import read_json, write_text
from sarfusion.core.grid import crs_name
from sarfusion.core.raster import read_grid
from sarfusion.show.pixels import pixel_sizes
from sarfusion.show.viewer.layers import ViewerLayer, pack_layers
from sarfusion.show.viewer.page import build_page
from sarfusion.study.methods import method_label
from sarfusion.study.protocols import FULL, HEADLINE, PROTOCOLS

SAR = {"vv_db": "SAR VV", "vh_db": "SAR VH", "ratio_db": "SAR ratio VV/VH"}
METRICS = {"rmse": "RMSE", "bias": "Bias", "cc": "CC", "ssim": "SSIM", "uiqi": "UIQI"}
REGIONS = {  # of the score tables, the headline of each protocol; with pixel sizes in braces
    "test": "test ground, against the measured band",
    "gap": "inside gaps on test ground, against the measured band",
    "truth": "test ground, against the true {fine} m reflectance",
    "consistency": "test ground, degraded to {native} m again, against the measured band",
}
MB = 10**6


def main(
    *,
    stack: str | Path,
    split: str | Path,
    metadata: str | Path,
    fused: Sequence[str | Path],
    runs: Sequence[Sequence[Any]],
    scores: Sequence[str | Path],
    template: str | Path,
    style: str | Path,
    page_script: str | Path,
    html: str | Path,
    study: str,
    bands: Sequence[str],
    pages: Mapping[str, str],
    limit_mb: float,
    gaps: str | Path | None = None,
    truth: str | Path | None = None,
) -> None:
    """Write the page.

    gaps, truth: paths, or None where there are none. fused: paths; runs: (protocol, scale, (band,
    method, input, seed)) of each, in the same order; the scale of products at the finest pixels is
    FULL. scores: score tables of the site. template, style, page_script: page.html, page.css and
    page.js. pages: {site: file of its page}, for links between them. limit_mb: of the file, at
    most.
    """
    facts, grid = read_json(metadata), read_grid(stack)
    sizes = pixel_sizes([grid.pixel_m])
    texts = [Path(path).read_text(encoding="utf-8") for path in (template, style, page_script)]
    told = {
        "study": study,
        "site": facts["site"],
        "simulated": bool(facts["simulated"]),
        "sensor": facts["optical"]["sensor"],
        "dates": {sensor: facts[sensor]["date"] for sensor in ("optical", "sar")},
        "size": list(grid.shape),
        "pixel_m": list(grid.pixel_m),
        "sizes": sizes,
        "crs": crs_name(grid.crs),
        "north": north_words(grid.north_deg),
        "transform": list(grid.transform)[:6],
        "bands": bands,
        "pages": pages,
        "metrics": METRICS,
        "limit_mb": limit_mb,
    }
    found = read_scores(scores, "truth" if truth else "consistency", sizes)
    layers = list_layers(stack, truth, bands, fused, runs, found, sizes)
    room = limit_mb * MB - len(build_page(told, *texts).encode())
    if room < MB:
        raise StudyError(f"viewer: no room for data in {limit_mb} MB; raise viewer.limit_mb")
    told |= pack_layers(layers, split, gaps, room)
    write_text(html, build_page(told, *texts))


def list_layers(stack, truth, bands, fused, runs, scores, sizes):
    """Return every ViewerLayer of a site. Scores of a method go along with it; see read_scores.

    sizes: of pixels, as pixel_sizes returns them.
    """

    def in_stack(name, group, label, names, unit):
        return ViewerLayer(name, group, label, {band: (stack, band) for band in names}, unit)

    layers = [in_stack("measured", "Optical", "Measured", bands, "reflectance")]
    if truth:
        places = {band: (truth, band) for band in bands}
        label = f"Truth at {sizes['fine']} m"
        layers.append(ViewerLayer("truth", "Optical", label, places, "reflectance"))
    layers += [in_stack(name, "SAR", label, [name], "dB") for name, label in SAR.items()]
    methods: dict[tuple, dict[str, tuple[str | Path, str]]] = {}
    for path, (protocol, scale, (band, *method)) in zip(fused, runs, strict=True):
        methods.setdefault((protocol, scale, *method), {})[band] = (path, band)
    for (protocol, scale, method, sar_input, seed), places in methods.items():
        about = PROTOCOLS[protocol]
        reference = "measured" if scale != FULL else "truth" if truth else None
        layers.append(
            ViewerLayer(
                f"{protocol}{scale}/{method}-{sar_input}",
                (about.full_group if scale == FULL else about.group).format(**sizes),
                method_label(method, sar_input),
                places,
                "reflectance",
                reference,
                "test" if scale == FULL else about.headline,
                {"scores": scores.get((protocol, scale, method, sar_input, seed)), "seed": seed},
            )
        )
    return layers


def read_scores(paths, full_region, sizes):
    """Return {(protocol, scale, method, input, seed): {"region", "n", "bands"}}.

    bands: {band: {metric: value}}, in the headline region of each protocol; of products at the
    finest pixels, in `full_region`. sizes: of pixels.
    """
    table = pd.concat([pd.read_csv(path) for path in paths], ignore_index=True)
    is_full = table["region"].isin(["truth", "consistency"])
    table["scale"] = np.where(is_full, FULL, "")
    wanted = table["protocol"].map(HEADLINE).mask(is_full, full_region)
    table = table[(table["region"] == wanted) & table["metric"].isin(METRICS)]
    found: dict[tuple, dict[str, Any]] = {}
    for row in table[table["value"].notna()].itertuples():
        run = found.setdefault(
            (row.protocol, row.scale, row.method, row.input, row.seed),
            {"region": REGIONS[row.region].format(**sizes), "bands": {}},
        )
        run["bands"].setdefault(row.band, {})[row.metric] = float(f"{row.value:.6g}")
        if row.metric == "rmse":
            run["n"] = row.n
    return found


if __name__ == "__main__":
    run(main, snakemake)
