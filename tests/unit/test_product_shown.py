"""The product as people meet it: its table, its sentences, its figure, its layers of the viewer."""

import build_viewer
import numpy as np
import pandas as pd
import pytest
import tabulate_products
from figure_data import Drawn, assert_printable, make_scene, maps_of, words
from product_data import CLOUDY, FILL, GRID
from product_data import make_scene as make_rasters
from sarfusion.product.bands import Source
from sarfusion.product.score import COLUMNS
from sarfusion.scenes.bands import BANDS
from sarfusion.show.figures.cloud_free import before_and_after, filled_window, seen_layer
from sarfusion.show.products import as_markdown, gap_rows, sentences
from sarfusion.study.config import resolve
from sarfusion.study.layout import Layout
from sarfusion.verify.unmade import unmade_files

SITES = {"simcity": {"source": "simulated", "size_px": 128}}


def layout_of(**study):
    return Layout(resolve({"study": "x", "sites": SITES, **study}), "results/x")


class TestLayout:
    def test_a_study_of_cloud_gaps_in_colour_has_a_product(self):
        protocols = {"cloud_gap": {"models": ["unet"], "inputs": ["ratio", "shuffled"]}}
        layout = layout_of(protocols=protocols, seeds=[1, 2], inputs=["ratio", "shuffled"])
        runs = layout.product_runs()
        assert len(runs) == 3 * 2
        assert {run[2] for run in runs} == {"ratio"}
        assert "results/x/products/simcity/simcity.json" in layout.products()
        assert "results/x/products/catalog.json" in layout.products()
        assert layout.product_tables() == [
            "results/x/tables/product.csv",
            "results/x/tables/product.md",
        ]
        assert "product" in layout.report_tables()
        assert "results/x/figures/simcity_cloud_free.png" in layout.figures()
        assert layout.product_models("simcity", ".json")[0] == (
            "results/x/models/simcity/cloud_gap/red/unet-ratio/seed1.json"
        )

    @pytest.mark.parametrize(
        "study",
        [
            {"protocols": {"reconstruction": {"models": ["cnn"], "inputs": ["ratio"]}}},
            {"bands": ["red", "green"]},
            {"protocols": {"cloud_gap": {"models": ["unet"], "inputs": ["shuffled"]}}},
        ],
        ids=["no gaps", "no colour", "controls alone"],
    )
    def test_others_have_none(self, study):
        layout = layout_of(**study)
        assert not [*layout.products(), *layout.product_tables()]
        assert "product" not in layout.report_tables()
        assert not [path for path in layout.figures() if "cloud_free" in path]


def product_rows(**values):
    """Rows of tables of products, by "REGION BAND METRIC"."""
    return pd.DataFrame(
        [("s", "town", *name.split(), "unet", "ratio", value) for name, value in values.items()],
        columns=["study", "site", "region", "band", "metric", "method", "input", "value"],
    ).assign(n=100)[COLUMNS]


SCORES = product_rows(
    **{
        "scene rgb share_filled": 0.0549,
        "scene rgb share_no_data": 0.0315,
        "clouds red rmse": 0.04,
        "clouds red bias": -0.00001,
        "clouds red coverage_95": 0.93,
        "clouds blue rmse": 0.02,
        "clouds blue coverage_95": 0.95,
    }
)


def metrics():
    rows = [
        ("s", "town", "cloud_gap", "gap", "red", "unet", "ratio", seed, "rmse", value, 50)
        for seed, value in enumerate((0.03, 0.05))
    ]
    rows += [(*row[:6], "none", *row[7:]) for row in rows]
    rows += [(*row[:3], "gap_edge_0_60", *row[4:]) for row in rows]
    columns = ["study", "site", "protocol", *COLUMNS[2:6], "seed", *COLUMNS[6:]]
    return pd.DataFrame(rows, columns=columns)


def uncertainties():
    rows = [("red", "unet", "ratio", kind, "coverage_95", value, 50)
            for kind, value in (("seeds", 0.3), ("calibrated", 0.94))]  # fmt: skip
    columns = ["band", "method", "input", "uncertainty", "metric", "value", "n"]
    return pd.DataFrame(rows, columns=columns).assign(study="s", site="town", region="gap")


class TestTable:
    def test_scores_in_simulated_gaps_are_of_the_method_that_fills(self):
        rows = gap_rows(SCORES, metrics(), uncertainties(), "cloud_gap")
        values = rows.set_index(["region", "band", "metric"])["value"].to_dict()
        assert values == {
            ("gap", "red", "rmse"): pytest.approx(0.04),  # of two seeds
            ("gap", "red", "coverage_95"): 0.94,
        }
        assert list(rows.columns) == COLUMNS

    def test_the_page_says_how_much_is_invented_and_how_far_off(self):
        table = pd.concat([SCORES, gap_rows(SCORES, metrics(), uncertainties(), "cloud_gap")])
        page = as_markdown(table, ["No site was left out."])
        assert page.startswith("5.5 % of the image of town is filled, by the U-Net with the ratio.")
        truth = (
            "under its clouds, the error (RMSE) is 0.0300, and the 95 % interval contains 94.0 %"
        )
        gaps = (
            "gaps on test ground, the error (RMSE) is 0.0400, and the 95 % interval contains 94.0 %"
        )
        assert truth in page
        assert gaps in page
        cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines()]
        assert ["town", "U-Net, with ratio", "5.5 %", "3.1 %"] in cells
        ground = "under the clouds, against the truth"
        assert ["town", ground, "red", "0.0400", "0.0000", "93.0 %", ""] in cells
        assert page.rstrip().endswith("No site was left out.")

    def test_a_clear_scene_and_a_real_place_are_told(self):
        clear = product_rows(**{"scene rgb share_filled": 0.0, "scene rgb share_no_data": 0.1})
        assert sentences(clear) == [
            "No cloud hides the ground of town: nothing of its image is filled."
        ]
        real = product_rows(**{"scene rgb share_filled": 0.2})
        assert sentences(real) == [
            "20.0 % of the image of town is filled, by the U-Net with the ratio."
        ]

    def test_what_is_from_another_date_is_told_apart(self):
        dated = product_rows(
            **{
                "scene rgb share_filled": 0.0549,
                "scene rgb share_from_date": 0.0321,
                "clouds red rmse": 0.02,
                "from_date red rmse": 0.01,
                "not_from_date red rmse": 0.03,
            }
        )
        page = as_markdown(dated)
        assert "3.2 % was clear on another date, which this method is given." in page
        cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines()]
        assert ["site", "filled by", "filled", "from another date", "no data"] in cells
        grounds = [row[1:4:2] for row in cells if len(row) == 7 and row[2] == "red"]
        assert grounds == [
            ["under the clouds, against the truth", "0.0200"],
            ["of these, clear on another date", "0.0100"],
            ["of these, clear on no other date", "0.0300"],
        ]
        assert "another date" not in as_markdown(SCORES)

    def test_the_script_writes_both(self, tmp_path):
        SCORES.to_csv(tmp_path / "scores.csv", index=False)
        metrics().to_csv(tmp_path / "metrics.csv", index=False)
        tabulate_products.main(
            scores=[tmp_path / "scores.csv"],
            metrics=tmp_path / "metrics.csv",
            csv=tmp_path / "product.csv",
            md=tmp_path / "product.md",
            protocol="cloud_gap",
            missing={},
        )
        table = pd.read_csv(tmp_path / "product.csv")
        assert len(table) == len(SCORES) + 1
        assert as_markdown(table) == (tmp_path / "product.md").read_text()


def make_picture(scene, filled=True):
    """The layers of the product of a scene of figure_data, with a square that was filled."""
    source = np.where(np.isfinite(scene.rgb).all(axis=0), Source.MEASURED, Source.NO_DATA)
    if filled:
        source[30:50, 40:70] = Source.FILLED
    std = np.where(source == Source.FILLED, 0.02, np.nan) * np.ones((3, 1, 1))
    return [np.asarray(layer).view(Drawn) for layer in (scene.rgb, std, source)]


class TestFigure:
    @pytest.mark.parametrize("shape", [(96, 128), (128, 96)])
    @pytest.mark.parametrize("filled", [True, False])
    @pytest.mark.parametrize("known", [True, False])
    def test_prints(self, shape, filled, known):
        scene = make_scene(shape)
        picture, std, source = make_picture(scene, filled)
        std = std if known else (np.nan * std).view(Drawn)
        figure = before_and_after(
            *(scene, scene.rgb, picture, std, source), ("As seen", "Filled by U-Net, with ratio")
        )
        assert_printable(figure)
        assert len(maps_of(figure)) == 6
        assert "Filled by U-Net, with ratio" in words(figure)
        assert ("Its uncertainty is not known" in words(figure)) == (filled and not known)
        assert ("Nothing to fill" in words(figure)) == (not filled)

    def test_the_place_is_where_most_is_filled(self):
        source = np.full((200, 200), int(Source.MEASURED))
        source[150:170, 20:60] = Source.FILLED
        source[10:15, 100:105] = Source.FILLED
        rows, columns = filled_window(source.view(Drawn), size=32).toslices()
        assert rows.start <= 150 < 170 <= rows.stop
        assert 20 <= columns.start < columns.stop <= 60

    def test_what_was_seen_is_reflectance_with_its_clouds(self, tmp_path):
        scene, truth = make_rasters(tmp_path)
        seen = seen_layer(scene.optical, GRID.shape).whole
        assert np.isnan(seen[:, *FILL]).all()
        assert seen[:, *CLOUDY] == pytest.approx(truth[:, *CLOUDY], abs=2e-5)


def test_verify_names_it_as_not_made_again(tmp_path):
    study = layout_of(protocols={"cloud_gap": {"models": ["unet"], "inputs": ["ratio"]}}).study
    names = ["tables/product.csv", "tables/metrics.csv", "products/simcity/cloud_free.tif"]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    left = unmade_files(study, tmp_path, set(), None)
    assert left == ["products/simcity/cloud_free.tif", "tables/product.csv"]


def test_the_viewer_has_the_picture_its_uncertainty_and_its_sources():
    layers = build_viewer.picture_layers("cloud_free.tif", BANDS)
    assert [layer.unit for layer in layers] == ["reflectance", "standard deviation", "class"]
    assert layers[1].bands["red"] == ("cloud_free.tif", "red_std")
    assert layers[2].about["classes"]["2"] == ("filled", "#CC78BC")
    assert layers[2].about["classes"]["3"] == ("filled from another date", "#0173B2")
    assert layers[2].about["classes"]["0"] == ("no data", None)
