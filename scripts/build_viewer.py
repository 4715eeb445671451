"""Build the viewer of one site: one page with every layer, which opens from disk."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sarfusion.core.earth import north_words
from sarfusion.core.errors import StudyError
from sarfusion.core.files import read_json, write_text
from sarfusion.core.grid import crs_name
from sarfusion.core.raster import read_grid
from sarfusion.fusion.ensemble import deviation_name
from sarfusion.product.bands import LABELS, SOURCE
from sarfusion.product.style import COLOURS
from sarfusion.scenes.bands import BANDS
from sarfusion.show.pixels import pixel_sizes
from sarfusion.show.viewer.layers import ViewerLayer, pack_layers
from sarfusion.show.viewer.page import build_page
from sarfusion.show.viewer.scores import METRICS, full_region, read_scores
from sarfusion.study.methods import method_label
from sarfusion.study.protocols import FULL, PROTOCOLS

SAR = {"vv_db": "SAR VV", "vh_db": "SAR VH", "ratio_db": "SAR ratio VV/VH"}
PICTURE = "Cloud-free image"
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
    picture: str | Path | None = None,
) -> None:
    """Write the page.

    gaps, truth, picture: paths of the gap mask, the true reflectance and the cloud-free image;
    None where the site has none. fused: paths; runs: (protocol, scale, (band, method, input,
    seed)) of each, in the same order; scale is FULL for products at the finest pixels. scores:
    score tables of the site. template, style, page_script: page.html, page.css and page.js. pages:
    {site: file of its page}, for links between them. limit_mb: the largest size of the page.
    """
    facts, grid = read_json(metadata), read_grid(stack)
    sizes = pixel_sizes([grid.pixel_m])
    texts = [Path(path).read_text(encoding="utf-8") for path in (template, style, page_script)]
    content = {
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
    found = read_scores(scores, full_region(truth is not None), sizes)
    layers = list_layers(stack, truth, bands, fused, runs, found, sizes)
    if picture:
        layers[1:1] = picture_layers(picture, BANDS)
    room = limit_mb * MB - len(build_page(content, *texts).encode())
    if room < MB:
        raise StudyError(f"viewer: no room for data in {limit_mb} MB; raise viewer.limit_mb")
    content |= pack_layers(layers, split, gaps, room)
    write_text(html, build_page(content, *texts))


def list_layers(stack, truth, bands, fused, runs, scores, sizes):
    """Return every ViewerLayer of a site; those of methods have their scores (read_scores).

    sizes: pixel sizes, as pixel_sizes returns them.
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


def picture_layers(picture, bands):
    """Return the ViewerLayers of the cloud-free image: itself, its uncertainty, its sources."""

    def layer(name, label, names, unit, **about):
        places = {band: (picture, of_band) for band, of_band in names.items()}
        return ViewerLayer(f"cloud_free/{name}", PICTURE, label, places, unit, about=about)

    classes = {str(int(kind)): (label, COLOURS.get(kind)) for kind, label in LABELS.items()}
    deviations = {band: deviation_name(band) for band in bands}
    return [
        layer("picture", "Clouds filled", {band: band for band in bands}, "reflectance"),
        layer("std", "One standard deviation", deviations, "standard deviation"),
        layer("source", "Where pixels come from", {SOURCE: SOURCE}, "class", classes=classes),
    ]


if __name__ == "__main__":
    run(main, snakemake)
