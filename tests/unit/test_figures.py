"""Every figure prints well, scripts draw it from files, and saving gives the same bytes."""

import inspect
import json

import numpy as np
import plot
import pytest
from figure_data import (
    BANDS,
    assert_printable,
    make_fused,
    make_metrics,
    make_records,
    make_scene,
    make_scores,
)
from pages import ROOT
from rasterio.crs import CRS
from rasterio.transform import Affine
from sarfusion.core.errors import StudyError
from sarfusion.core.raster import Grid, write_raster
from sarfusion.show.figures import by_label, function_of, save
from sarfusion.show.figures.curves import history_table, training_curves
from sarfusion.show.figures.density import density
from sarfusion.show.figures.differences import differences
from sarfusion.show.figures.scenes import band_comparison, composite_comparison, overview
from sarfusion.show.figures.scores import scores
from sarfusion.study.figures import FIGURES
from sarfusion.study.layout import FORMS

SHAPES = {
    "square": {"shape": (96, 96)},
    "wide": {"shape": (64, 150)},
    "tall": {"shape": (150, 64)},
    "tiny": {"shape": (64, 64), "holes": False},
    "oblong pixels": {"shape": (96, 96), "pixel_m": (20.0, 30.0)},
}


class TestEveryFigurePrints:
    @pytest.mark.parametrize("kind", SHAPES)
    def test_overview(self, kind):
        assert assert_printable(overview(make_scene(**SHAPES[kind]))) <= 230

    @pytest.mark.parametrize("kind", SHAPES)
    @pytest.mark.parametrize("methods", [1, 2, 6])
    def test_comparisons(self, kind, methods):
        scene = make_scene(**SHAPES[kind])
        fused = make_fused(scene, methods)
        green = {label: layers["green"] for label, layers in fused.items()}
        assert assert_printable(band_comparison(scene, "green", green)) <= 230
        assert assert_printable(composite_comparison(scene, fused)) <= 230

    @pytest.mark.parametrize("kind", ["wide", "tall"])
    @pytest.mark.parametrize(("methods", "bands"), [(1, 1), (1, 3), (6, 3), (3, 2)])
    def test_differences_and_density(self, kind, methods, bands):
        scene = make_scene(**SHAPES[kind])
        fused = make_fused(scene, methods, bands)
        assert assert_printable(differences(scene, fused)) <= 230
        assert assert_printable(density(scene, fused, make_scores(fused))) <= 230

    @pytest.mark.parametrize("methods", [1, 6])
    def test_charts(self, methods):
        assert_printable(scores(make_metrics(("a", "b"), methods)))
        assert_printable(training_curves(history_table(make_records(methods))))


class TestLabels:
    def test_by_label(self):
        assert by_label(["a", "b"], [["cnn", "ratio"], ["copy", "none"]]) == {
            "CNN, with ratio": "a",
            "Copy": "b",
        }
        assert by_label(["a", "b"], [["cnn", "ratio", "red"], ["cnn", "ratio", "blue"]]) == {
            "CNN, with ratio": {"red": "a", "blue": "b"}
        }
        with pytest.raises(ValueError, match="argument 2 is longer"):
            by_label(["a"], [["cnn", "ratio"], ["copy", "none"]])


def test_saved_files_are_the_same_each_time(tmp_path):
    scene = make_scene()
    for run in "ab":
        red = {label: layers["red"] for label, layers in make_fused(scene).items()}
        figure = band_comparison(scene, "red", red)
        save(figure, tmp_path / f"{run}.png", tmp_path / f"{run}.pdf")
    for suffix, magic in (("png", b"\x89PNG"), ("pdf", b"%PDF")):
        first = (tmp_path / f"a.{suffix}").read_bytes()
        assert first.startswith(magic)
        assert first == (tmp_path / f"b.{suffix}").read_bytes()
    assert b"CreationDate" not in (tmp_path / "a.pdf").read_bytes()
    assert len(list(tmp_path.iterdir())) == 4


def test_the_users_own_style_changes_nothing(tmp_path):
    import matplotlib as mpl

    table = history_table(make_records())
    save(training_curves(table), tmp_path / "a.png", tmp_path / "a.pdf")
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "black", "pdf.fonttype": 3}):
        save(training_curves(table), tmp_path / "b.png", tmp_path / "b.pdf")
    for suffix in ("png", "pdf"):
        first = (tmp_path / f"a.{suffix}").read_bytes()
        assert first == (tmp_path / f"b.{suffix}").read_bytes()


class TestScripts:
    @pytest.fixture
    def site(self, tmp_path):
        """The files of a site in degrees, and of two methods."""
        scene = make_scene()
        grid = Grid(CRS.from_epsg(4326), Affine(3e-4, 0, -60, 0, -3e-4, 60.5), *scene.split.shape)
        stack = np.stack([scene.bands[name] for name in BANDS]).astype(np.float32)
        write_raster(tmp_path / "stack.tif", stack, grid, BANDS, np.nan)
        write_raster(tmp_path / "split.tif", scene.split[None], grid, ["split"], None)
        (tmp_path / "scene.json").write_text(json.dumps({"site": "a-site", "simulated": True}))
        fused, runs = [], []
        for number, (label, layers) in enumerate(make_fused(scene).items()):
            for band, layer in layers.items():
                fused.append(tmp_path / f"{number}-{band}.tif")
                write_raster(fused[-1], layer[None].astype(np.float32), grid, [band], np.nan)
                runs.append((band, f"method {label}", "none", 0))
        names = {"stack": "stack.tif", "split": "split.tif", "metadata": "scene.json"}
        files = {name: tmp_path / file for name, file in names.items()}
        return files, {"fused": fused, "runs": runs}, tmp_path / "out"

    @staticmethod
    def draw(kind, folder, **given):
        """Draw a kind of figure into a folder, as its rule does."""
        paths = {form: folder / f"{kind}.{form}" for form in FORMS}
        plot.main(drawings=[{"function": FIGURES[kind].draws, "values": given, **paths}])

    def test_map_figures(self, site):
        files, fused, out = site
        self.draw("overview", out, **files)
        self.draw("bands", out, **files, **fused, band="green")
        self.draw("composites", out, **files, **fused)
        self.draw("differences", out, **files, **fused)
        drawn = sorted(out.iterdir())
        assert len(drawn) == 8
        for path in drawn:
            assert path.stat().st_size > 5000

    def test_a_raster_of_another_size_is_refused(self, site):
        files, _, out = site
        grid = Grid(CRS.from_epsg(4326), Affine(3e-4, 0, -60, 0, -3e-4, 60.5), 4, 4)
        other = files["stack"].parent / "other.tif"
        write_raster(other, np.ones((1, 4, 4), np.float32), grid, ["red"], np.nan)
        given = {"fused": [other], "runs": [("red", "a", "none", 0)], "band": "red"}
        with pytest.raises(StudyError, match=r"other\.tif: .*4, 4.* pixels, but the stack has"):
            self.draw("bands", out, **files, **given)
        assert not out.exists()

    def test_chart_figures(self, tmp_path):
        table = tmp_path / "metrics.csv"
        make_metrics().to_csv(table, index=False)
        chosen = {"metrics": table, "sites": None}
        self.draw("scores", tmp_path, **chosen, protocol="reconstruction")
        with pytest.raises(StudyError, match="no finite score"):
            self.draw("scores", tmp_path / "none", **chosen, protocol="cloud_gap")
        assert not (tmp_path / "none").exists()
        paths = []
        for number, record in enumerate(make_records(seeds=1)):
            paths.append(tmp_path / f"{number}.json")
            paths[-1].write_text(json.dumps(record))
        self.draw("training", tmp_path, histories=paths)
        drawn = {path.name for path in tmp_path.glob("[st]*.p*")}
        assert drawn == {"scores.png", "scores.pdf", "training.png", "training.pdf"}


@pytest.mark.parametrize("kind", FIGURES)
def test_a_record_names_what_its_function_takes(kind):
    """Rules give a function its inputs and parameters by name, gaps and truth if there are any."""
    figure = FIGURES[kind]
    taken = inspect.signature(function_of(figure.draws)).parameters
    given = {*figure.inputs, *figure.parameters, *(["fused", "runs"] if figure.runs else [])}
    wildcards = {name for name in ("site", "protocol", "band") if f"{{{name}}}" in figure.name}
    required = {name for name, about in taken.items() if about.default is about.empty}
    assert required <= given | wildcards
    assert given <= {*taken}
    optional = {"gaps", "truth"} - ({"gaps"} if figure.withholds else set())
    assert not required & optional


def test_each_record_has_a_caption_of_its_own():
    assert all((ROOT / f"config/captions/{one.caption}.rst").exists() for one in FIGURES.values())
