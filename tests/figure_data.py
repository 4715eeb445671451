"""Data for the tests of the figures, and checks that every printed figure must pass."""

import itertools

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from sarfusion.show.figures import MM
from sarfusion.show.figures.facets import FACETS
from sarfusion.show.figures.maps import RGB, MapScene
from sarfusion.study.methods import method_label

BANDS = ["red", "green", "blue", "vv_db", "vh_db", "ratio_db"]
INPUTS = [("cnn", "ratio"), ("cae", "ratio"), ("cnn", "none"), ("cae", "none")]
INPUTS += [("cae", "vvvh"), ("cnn", "shuffled")]


class Drawn(np.ndarray):
    """An array that figures accept as a layer of a raster; see sarfusion.show.figures.inputs."""

    @property
    def whole(self):
        return np.asarray(self)

    thinned = whole

    def at(self, window):
        return np.asarray(self)[(..., *window.toslices())]


def scene_of(bands, split, pixel_m=(30.0, 30.0), simulated=True):
    """A scene of arrays."""
    bands = {name: band.view(Drawn) for name, band in bands.items()}
    rgb = np.stack([bands[name] for name in RGB]).view(Drawn)
    return MapScene("a-site", simulated, pixel_m, split.shape, bands, rgb, split.view(Drawn))


def make_scene(shape=(96, 128), pixel_m=(30.0, 30.0), simulated=True, holes=True):
    """A scene whose right third is test ground."""
    rng = np.random.default_rng(1)
    bands = {name: rng.uniform(0.02, 0.3, shape) for name in BANDS[:3]}
    bands |= {name: rng.normal(-10, 3, shape) for name in BANDS[3:]}
    split = np.ones(shape, np.uint8)
    split[:, shape[1] // 2 :] = 4
    split[:, 2 * shape[1] // 3 :] = 3
    split[: shape[0] // 4, : shape[1] // 4] = 2
    if holes:
        split[:5, :9] = 0
        split[20:23, -10:-6] = 0
        for band in bands.values():
            band[split == 0] = np.nan
    return scene_of(bands, split, pixel_m, simulated)


def make_fused(scene, methods=2, bands=3):
    rng = np.random.default_rng(2)
    return {
        method_label(*pair): {
            name: scene.bands[name] + rng.normal(0, 0.01, scene.split.shape)
            for name in BANDS[:bands]
        }
        for pair in INPUTS[:methods]
    }


def make_scores(fused):
    """The scores that a density plot writes above its panels."""
    score = {"rmse": 0.02, "bias": 0.01, "cc": 0.95}
    return {label: dict.fromkeys(layers, score) for label, layers in fused.items()}


def make_metrics(sites=("a-site",), methods=2, seeds=3):
    rng = np.random.default_rng(3)
    runs = [("copy", "none", 0)]
    runs += [(*pair, seed) for pair in INPUTS[:methods] for seed in range(seeds)]
    rows = [
        ("s", site, "reconstruction", "test", band, *run, metric, rng.uniform(0.5, 1), 100)
        for site in sites
        for band in BANDS[:3]
        for run in runs
        for metric in [*FACETS, "mae"]
    ]
    columns = [
        "study",
        "site",
        "protocol",
        "region",
        "band",
        "method",
        "input",
        "seed",
        "metric",
        "value",
        "n",
    ]
    return pd.DataFrame(rows, columns=columns)


def make_records(methods=2, seeds=2, **changes):
    history = [
        {"update": update, "train_loss": 1 / update, "validation_loss": 1 / update + 0.01}
        for update in (50, 100, 150)
    ]
    return [
        {
            "site": "a-site",
            "protocol": "reconstruction",
            "band": band,
            "model": model,
            "input": input_name,
            "seed": seed,
            "history": history,
            "best_update": 100,
        }
        | changes
        for band in BANDS[:3]
        for model, input_name in INPUTS[:methods]
        for seed in range(seeds)
    ]


def drawn_texts(figure):
    """Return (words, bounding box) of the texts on the page; ticks beyond an axis aren't drawn."""
    renderer = figure.canvas.get_renderer()
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            shown = axis._update_ticks() if axes.axison and axis.get_visible() else []
            texts = {part for tick in shown for part in tick.findobj(Text)}
            texts |= {axis.label, axis.offsetText}
            hidden |= set(axis.findobj(Text)) - texts
            if not axes.axison:
                hidden.add(axis.label)
    return [
        (text, text.get_window_extent(renderer))
        for text in figure.findobj(Text)
        if text not in hidden and text.get_visible() and text.get_text().strip()
    ]


def assert_printable(figure):
    """At most 180 mm wide; texts of at least 7 pt, within the page and not overlapping."""
    FigureCanvasAgg(figure).draw()
    width, height = figure.get_size_inches() / MM
    assert width <= 180 + 1e-9
    page = figure.bbox.padded(1)
    boxes = drawn_texts(figure)
    assert boxes
    for text, box in boxes:
        assert text.get_fontsize() >= 7
        inside = page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 <= box.y1 <= page.y1
        assert inside, f"{text.get_text()!r} is clipped"
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(across, down) <= 1, f"{one.get_text()!r} over {other.get_text()!r}"
    return height


def words(figure):
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def maps_of(figure):
    return [axes for axes in figure.axes if axes.images]
