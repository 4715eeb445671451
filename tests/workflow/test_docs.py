"""The changes that the documentation shows: all are applied as they are, and used."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest
import rasterio
import warm_start
import yaml
from matplotlib.image import imread
from pages import ROOT, added, apply_diff, pattern, rows
from project import Project
from pypdf import PdfReader
from safetensors.torch import load_file
from sarfusion.core.files import read_json
from sarfusion.core.raster import read_band, read_bands, read_grid, write_raster
from sarfusion.ground import split
from sarfusion.scoring.decision import ALL_SITES
from sarfusion.study.config import read_study, resolve
from sarfusion.study.figures import FIGURES
from sarfusion.study.layout import Layout

# The study that uses what the pages add. A page that adds one more thing needs one more entry
# here and a test below; the study still runs once for all of them.
STUDY = {
    "study": "grown",
    "protocols": {
        "reconstruction": {"models": ["cnn", "cae", "dilated"], "inputs": ["ratio"]},
        "cloud_gap": {"models": ["cnn"], "inputs": ["ratio"]},
        "deblurring": {"models": ["cnn"], "inputs": ["vv"]},
    },
    "baselines": ["copy", "mean", "median"],
    "bands": ["red"],
    "inputs": ["ratio", "vv"],
    "seeds": [1, 2],
    "split": {"block_px": 32, "buffer_px": 13, "seed": 4},
    "gaps": {"size_px": 8},
    "training": {"updates": 4, "validate_every": 2},
    "bootstrap": {"block_px": 8, "draws": 100},
    "figures": {"sites": ["board"]},
}
MODELS = STUDY["protocols"]["reconstruction"]["models"]
SITES = ("mycity", "harbour")
MADE = "board"  # a site of the source that a page adds


CLAIM = {  # of what the pages add
    "text": "VV alone deblurs better than the ratio.",
    "protocol": "deblurring",
    "region": "test",
    "bands": ["red"],
    "needs": "all",
    "tests": [{"metric": "rmse", "left": "cnn-vv", "right": "cnn-ratio", "direction": "lower"}],
}


class Grown(Project):
    """A copy of the project with what all pages add, and a study that uses it and ran once."""

    def __init__(self, folder, scenes):
        super().__init__(folder)
        pages = sorted((ROOT / "docs").glob("add-*.md"))
        self.added = {page.name: added(apply_diff(page, folder)) for page in pages}
        claims = self.read("config/claims.yaml")
        claims["claims"]["C1"]["tests"][0]["metric"] = "outliers"
        claims["claims"]["C9"] = CLAIM
        (folder / "config/claims.yaml").write_text(yaml.safe_dump(claims))
        models = self.read("config/ablations.yaml")["models"]
        models = {name: models[name] | {"patch_px": 16, "batch": 2} for name in MODELS}
        sites = (
            self.read("config/own_files.yaml")["sites"] | self.read("config/board.yaml")["sites"]
        )
        study = STUDY | {"sites": sites, "models": models, "data": str(scenes)}
        (folder / "grown.yaml").write_text(yaml.safe_dump(study))
        self.run("all", study="grown.yaml")
        self.tables = self.results("grown") / "tables"
        self.scores = pd.read_csv(self.tables / "metrics.csv")

    def read(self, name):
        return yaml.safe_load((self.folder / name).read_text())

    def band(self, name, band):
        return read_band(self.results("grown") / name, band)

    def paper(self):
        """The text of the paper, in one line."""
        pages = PdfReader(self.results("grown") / "paper.pdf").pages
        return " ".join(" ".join(page.extract_text() for page in pages).split())


@pytest.fixture(scope="module")
def own_scenes(finished, tmp_path_factory):
    """The simulated scenes as files of a person: in the form of an archive, and in one's own."""
    folder = tmp_path_factory.mktemp("own")
    optical, sar = (
        finished.results() / f"scenes/village/{name}.tif" for name in ("optical", "sar")
    )
    archive = yaml.safe_load((ROOT / "config/own_files.yaml").read_text())["sites"]["mycity"]
    with rasterio.open(optical) as source:
        grid, names = read_grid(optical), source.descriptions
        numbers = dict(zip(names, source.read(), strict=True))
    for name, values in numbers.items():
        write_raster(folder / archive["optical"][name]["path"], values[None], grid, [name], None)
    bands = ["blue", "green", "red"]
    values = np.stack([numbers[band].astype(np.float32) * 2.75e-5 - 0.2 for band in bands])
    values[:, numbers["red"] == 0] = np.nan
    write_raster(folder / "harbour.tif", values.astype(np.float32), grid, bands, np.nan)
    for name, power in zip(("vv", "vh"), read_bands(sar, ["vv", "vh"]), strict=True):
        path = folder / archive["sar"][name]["path"]
        write_raster(path, power[None], read_grid(sar), [name], np.nan)
        decibels = 10 * np.log10(power[None])
        write_raster(folder / f"harbour_{name}_db.tif", decibels, read_grid(sar), [name], np.nan)
    return folder


@pytest.fixture(scope="module")
def grown(own_scenes, tmp_path_factory):
    return Grown(tmp_path_factory.mktemp("grown") / "project", own_scenes)


def test_a_model_takes_one_file_and_one_line(grown):
    added = grown.added["add-a-model.md"]
    (new,) = (name for name in added if name.startswith("scripts/"))
    assert new == "scripts/sarfusion/fusion/networks/dilated.py"
    assert not (ROOT / new).exists()
    assert {name: len(lines) for name, lines in added.items() if name != new} == {
        "config/ablations.yaml": 1
    }
    resolve(grown.read("config/ablations.yaml"))
    scores = grown.scores.query("metric == 'rmse' and protocol == 'reconstruction'")
    for site in SITES:
        runs = scores[scores["site"] == site].groupby("method")["seed"].agg(list)
        assert runs.to_dict() == {"copy": [0], **{name: [1, 2] for name in MODELS}}
    costs = pd.read_csv(grown.tables / "models.csv").set_index("model")
    by_hand = (9 * 2 + 1) * 32 + (9 * 32 + 1) * 32 + (9 * 32 + 1)
    assert costs.loc[["dilated"], "parameters"].tolist() == [by_hand]
    assert "Dilated, with ratio" in (grown.tables / "summary.md").read_text()


def test_a_metric_takes_one_function(grown):
    ((name, lines),) = grown.added["add-a-metric.md"].items()
    assert name == "scripts/sarfusion/scoring/metrics.py"
    assert sum(line.startswith("def ") for line in lines) == 1
    scores = grown.scores.query("metric == 'outliers' and protocol == 'reconstruction'")
    for site in SITES:
        mine = scores[scores["site"] == site]
        assert set(mine["method"]) == {"copy", *MODELS}
        test = grown.band(f"stack/{site}.split.tif", "use") == split.TEST
        measured = grown.band(f"stack/{site}.tif", "red")
        stack = read_json(grown.results("grown") / f"stack/{site}.json")
        data_range = stack["data_range"]["red"]
        for row in mine.itertuples():
            run = f"{row.method}-{row.input}/seed{row.seed}"
            fused = grown.band(f"fused/{site}/reconstruction/red/{run}.tif", "red")
            error = np.abs(fused.astype(float) - measured)[test]
            assert row.value == pytest.approx((error > 0.1 * data_range).mean(), abs=1e-12)
            assert row.n == test.sum()
        assert mine["value"].max() > 0
    assert "outliers" in set(pd.read_csv(grown.tables / "summary.csv")["metric"])
    judged = pd.read_csv(grown.tables / "claims.csv").query("metric == 'outliers'")
    assert set(judged["site"]) == {*SITES, MADE, ALL_SITES}
    alone = judged[judged["site"] != ALL_SITES]
    assert alone[alone["band"] == "red"]["seeds"].tolist() == [2, 2, 2]


def test_a_baseline_takes_one_function_and_one_line(grown):
    added = dict(grown.added["add-a-baseline.md"])
    assert len(added.pop("scripts/sarfusion/study/methods.py")) == 1
    ((name, lines),) = added.items()
    assert name == "scripts/sarfusion/fusion/classical/gap_filling.py"
    assert sum(line.startswith("def ") for line in lines) == 1
    scores = grown.scores.query("method == 'median' and region == 'gap' and metric == 'rmse'")
    for site in SITES:
        use = grown.band(f"stack/{site}.split.tif", "use")
        gap = grown.band(f"gaps/{site}.tif", "gap") == 1
        red = grown.band(f"stack/{site}.tif", "red")
        fill = np.median(red[~gap & (use == split.TRAIN)])
        rmse = np.sqrt(np.mean((red[gap & (use == split.TEST)].astype(float) - fill) ** 2))
        found = scores[scores["site"] == site]
        assert found["value"].tolist() == [pytest.approx(rmse, abs=1e-7)]
        assert found[["input", "seed"]].to_numpy().tolist() == [["none", 0]]
    assert " Median " in (grown.tables / "summary.txt").read_text().replace("\n", " ")


def test_a_site_takes_one_row_or_one_entry(grown):
    added = dict(grown.added["add-a-site.md"])
    assert len(added.pop("config/cities.csv")) == 1
    cities = grown.read("config/cities.yaml")
    *known, new = resolve(cities, grown.folder / "config")["sites"].values()
    assert len(known) == len(resolve(cities, ROOT / "config")["sites"])
    assert new["area"] == [-9.25, 38.68, -9.05, 38.82]
    assert [*added] == ["config/own_files.yaml"]
    assert [*grown.read("config/own_files.yaml")["sites"]] == [*SITES]
    scores = grown.scores
    assert set(scores["site"]) == {*SITES, MADE}
    every = {"copy", *MODELS, "mean", "median"}
    assert set(scores[scores["site"] == "harbour"]["method"]) == every
    for channel in ("red", "ratio_db"):
        first, second = (grown.band(f"stack/{site}.tif", channel) for site in SITES)
        both = np.isfinite(first) & np.isfinite(second)
        assert both.mean() > 0.5
        np.testing.assert_allclose(first[both], second[both], atol=1e-4)


def test_a_protocol_takes_one_record(grown):
    ((name, lines),) = grown.added["add-a-protocol.md"].items()
    assert name == "scripts/sarfusion/study/protocols.py"
    assert sum("Protocol(" in line for line in lines) == 1
    scores = grown.scores.query("protocol == 'deblurring' and metric == 'rmse'")
    runs = scores.groupby(["site", "method", "input"])["seed"].agg(list).to_dict()
    assert runs == {(site, "cnn", "vv"): [1, 2] for site in (*SITES, MADE)}
    reduced = grown.band(f"stack/{MADE}.reduced.tif", "red")
    measured = grown.band(f"stack/{MADE}.tif", "red")
    fused = grown.band(f"fused/{MADE}/deblurring/red/cnn-vv/seed1.tif", "red")
    assert 0 < np.nanstd(reduced) < np.nanstd(measured)
    assert not np.array_equal(fused, reduced, equal_nan=True)
    kinds = {"red", "differences", "density", "training"}
    figures = {f"{MADE}_deblurring_{kind}" for kind in kinds}
    figures |= {"deblurring_scores", "across_sites_deblurring_scores"}
    assert figures <= {path.stem for path in (grown.results("grown") / "figures").glob("*.png")}
    heading = "Deblurring: the band degraded to 90 m, brought back"
    assert heading in (grown.tables / "summary.md").read_text()
    assert '"Deblurred"' in (grown.results("grown") / "viewer/index.html").read_text()
    for words in ("the band degraded to 90 m, brought back", "a real coarse sensor sees another"):
        assert words in grown.paper()
    judged = pd.read_csv(grown.tables / "claims.csv").query("claim == 'C9' and site != @ALL_SITES")
    assert judged["reason"].dropna().unique().tolist() == ["the study makes no such comparison"]


def test_an_input_takes_one_record(grown):
    ((name, lines),) = grown.added["add-an-input.md"].items()
    assert name == "scripts/sarfusion/study/inputs.py"
    assert len(lines) == 1
    models = grown.results("grown") / f"models/{MADE}/deblurring/red"
    assert read_json(models / "cnn-vv/seed1.json")["channels"] == ["red", "vv_db"]
    weights = load_file(models / "cnn-vv/seed1.safetensors")
    assert weights["body.layers.0.weight"].shape[1] == 2
    assert "CNN, VV " in (grown.tables / "summary.md").read_text()
    assert "CNN, VV" in grown.paper()


def test_a_source_takes_one_record_and_one_script(grown):
    added = dict(grown.added["add-a-source.md"])
    assert added.pop("config/board.yaml")[0] == "study: board"
    assert [*added] == ["scripts/sarfusion/scenes/sources.py", "scripts/make_checkerboard.py"]
    assert not (ROOT / "scripts/make_checkerboard.py").exists()
    red = grown.band(f"stack/{MADE}.tif", "red")
    ratio = grown.band(f"stack/{MADE}.tif", "ratio_db")
    rows, columns = np.indices(red.shape) // 8
    bright = (rows + columns) % 2 == 1
    assert red.shape == (128, 128)
    assert np.median(red[bright]) == pytest.approx(0.25, abs=0.002)
    assert np.median(red[~bright]) == pytest.approx(0.06, abs=0.002)
    assert np.median(ratio[bright]) == pytest.approx(9, abs=1)
    assert set(grown.scores.query(f"site == '{MADE}'")["protocol"]) == set(STUDY["protocols"])
    grown.folder.joinpath("wrong.yaml").write_text(
        yaml.safe_dump({"study": "wrong", "sites": {"a": {"source": "checkerboard"}}})
    )
    printed = grown.run("--dry-run", study="wrong.yaml", fails=True)
    assert "error: wrong.yaml, line 2: sites.a: 'square_px' is a required property" in printed


def test_a_figure_takes_one_record_and_one_function(grown):
    added = dict(grown.added["add-a-figure.md"])
    assert sum("Figure(" in line for line in added.pop("scripts/sarfusion/study/figures.py")) == 1
    assert added.pop("config/captions/histogram.rst")
    ((name, lines),) = added.items()
    assert name == "scripts/sarfusion/show/figures/histogram.py"
    assert sum(line.startswith("def ") for line in lines) == 1
    figures = grown.results("grown") / "figures"
    assert [path.name for path in figures.glob("*_histogram.*")] != []
    assert np.std(imread(figures / f"{MADE}_histogram.png")) > 0.05
    assert (figures / f"{MADE}_histogram.pdf").stat().st_size > 1000
    (figures / f"{MADE}_histogram.png").unlink()
    assert grown.planned("figures", study="grown.yaml") == {"plot_site", "figures"}
    grown.run("figures", study="grown.yaml")


def test_verify_expects_what_the_pages_add(grown):
    shutil.copytree(ROOT / "results/envelope", grown.folder / "results/envelope")
    results = str(grown.results("grown"))
    command = ("scripts/verify_results.py", "grown.yaml", results, results)
    done = warm_start.run(command, grown.folder)
    assert "deblurring" in done.stdout, done.stdout
    assert f"{MADE}: optical" in done.stdout
    assert done.returncode == 0, done.stdout
    table = grown.results("grown") / f"metrics/{MADE}/deblurring.csv"
    whole = table.read_text()
    table.write_text("".join(whole.splitlines(keepends=True)[:-1]))
    done = warm_start.run(command, grown.folder)
    table.write_text(whole)
    assert done.returncode == 1
    assert f"metrics/{MADE}/deblurring.csv" in done.stdout


# What the small runs do not make: they have one site, no catalogue, no raw radar, and no control in
# sharpening.
# By `reproduce`; of a second site; with --shards.
APART = {"report.html", "viewer/site-SITE.html", "shards/*.json"}
ELSEWHERE = {
    *("tables/across_sites.csv", "tables/across_sites.md", "tables/across_sites_differences.csv"),
    *("figures/across_sites_PROTOCOL_scores.png", "figures/across_sites_differences.png"),
    *("tables/transfer.csv", "tables/transfer.md", "tables/transfer_metrics.csv"),
    *("figures/transfer.png", "missing_sites.json"),
    *("scenes/SITE/aerosol.tif", "scenes/SITE/clouds.tif"),
    *("scenes/SITE/grd.tif", "scenes/SITE/grd.json"),
    *("tables/ranking.csv", "tables/ranking.md", "figures/PROTOCOL_ranking.png"),
    "search/SITE.csv",
    "search/lock.txt",
    *("stack/SITE.full.CONTROL.tif", "stack/SITE.noisy.tif"),
}


def test_every_file_in_results_is_described(finished, protocols_results, dated):
    told = [
        name.strip("` ")
        for cells in rows(ROOT / "docs/results.md")
        if len(cells) == 2
        for name in cells[0].split(", ")
    ][1:]
    told = [name for name in told if name != "file"]
    made = {
        path.relative_to(results).as_posix()
        for results in (finished.results(), protocols_results, dated.results("dates"))
        for path in results.rglob("*")
        if path.is_file()
    }
    assert len(made) > 300
    patterns = {name: pattern(name) for name in told}
    undescribed = [
        path for path in sorted(made) if not any(p.fullmatch(path) for p in patterns.values())
    ]
    assert undescribed == []
    absent = {name for name, p in patterns.items() if not any(map(p.fullmatch, made))}
    assert absent == APART | ELSEWHERE
    rules = "".join(path.read_text() for path in ROOT.glob("rules/*.smk")).replace("{scale}", "")
    makes = set(re.findall(r"\"(?:<results>|{RESULTS})/(.+?)\"", rules))
    makes |= {f"figures/{figure.name}.png" for figure in FIGURES.values()}
    makes |= {*Layout(read_study(ROOT / "tests/studies/readings.yaml")).aerosol.values()}
    for name in ELSEWHERE:
        ours = name.replace(".full", "")
        for word in ("SITE", "PROTOCOL", "CONTROL"):
            ours = ours.replace(word, f"{{{word.lower()}}}")
        assert ours in makes, name
