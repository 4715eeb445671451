"""The changes that the documentation shows: each is applied as it stands there, and used."""

import numpy as np
import pandas as pd
import pytest
import rasterio
import yaml
from pages import ROOT, added, apply_diff, pattern, rows
from project import Project
from sarfusion.core.files import read_json
from sarfusion.core.raster import read_band, read_bands, read_grid, write_raster
from sarfusion.ground import split
from sarfusion.study.config import resolve

SMALL = {
    "sites": {"village": {"source": "simulated", "seed": 3, "size_px": 128}},
    "bands": ["red"],
    "inputs": ["ratio"],
    "seeds": [1, 2],
    "split": {"block_px": 32, "buffer_px": 13, "seed": 4},
    "training": {"updates": 4, "validate_every": 2},
    "bootstrap": {"block_px": 8, "draws": 100},
}


class Changed(Project):
    """A copy of the project to which the diff of a page was applied."""

    def __init__(self, folder, page):
        super().__init__(folder)
        self.added = added(apply_diff(ROOT / "docs" / page, folder))

    def scores(self, file, **more):
        """Run a study of the project, made small and with `more` changed; return its scores."""
        study = yaml.safe_load((self.folder / file).read_text()) | SMALL | more
        (self.folder / "small.yaml").write_text(yaml.safe_dump(study))
        self.run("tables", study="small.yaml")
        self.tables = self.results(study["study"]) / "tables"
        return pd.read_csv(self.tables / "metrics.csv")


@pytest.fixture
def changed(tmp_path):
    return lambda page: Changed(tmp_path / "project", page)


def test_a_model_takes_one_file_and_one_line(changed):
    project = changed("add-a-model.md")
    (new,) = (name for name in project.added if name.startswith("scripts/"))
    assert new == "scripts/sarfusion/fusion/networks/dilated.py"
    assert not (ROOT / new).exists()
    assert {name: len(lines) for name, lines in project.added.items() if name != new} == {
        "config/ablations.yaml": 1
    }
    models = yaml.safe_load((project.folder / "config/ablations.yaml").read_text())["models"]
    small = {"cnn": models["cnn"], "dilated": models["dilated"]}
    for model in small.values():
        model.update(patch_px=16, batch=2)
    scores = project.scores("config/ablations.yaml", models=small, protocols={"reconstruction": {}})
    runs = scores[scores["metric"] == "rmse"].groupby("method")["seed"].agg(list)
    assert runs.to_dict() == {"copy": [0], "cnn": [1, 2], "dilated": [1, 2]}
    costs = pd.read_csv(project.tables / "models.csv").set_index("model")
    by_hand = (9 * 2 + 1) * 32 + (9 * 32 + 1) * 32 + (9 * 32 + 1)
    assert costs.loc[["dilated"], "parameters"].tolist() == [by_hand]
    assert "Dilated, with ratio" in (project.tables / "summary.md").read_text()


def test_a_metric_takes_one_function(changed):
    project = changed("add-a-metric.md")
    ((name, lines),) = project.added.items()
    assert name == "scripts/sarfusion/scoring/metrics.py"
    assert sum(line.startswith("def ") for line in lines) == 1
    claims = yaml.safe_load((project.folder / "config/claims.yaml").read_text())
    claims["claims"]["C1"]["tests"][0]["metric"] = "outliers"
    (project.folder / "config/claims.yaml").write_text(yaml.safe_dump(claims))
    scores = project.scores("tests/studies/tiny.yaml").query("metric == 'outliers'")
    results = project.results("tiny")
    assert set(scores["method"]) == {"copy", "cnn", "cae"}
    test = read_band(results / "stack/village.split.tif", "use") == split.TEST
    measured = read_band(results / "stack/village.tif", "red")
    data_range = read_json(results / "stack/village.json")["data_range"]["red"]
    for row in scores.itertuples():
        run = f"{row.method}-{row.input}/seed{row.seed}"
        fused = read_band(results / f"fused/village/reconstruction/red/{run}.tif", "red")
        error = np.abs(fused.astype(float) - measured)[test]
        assert row.value == pytest.approx((error > 0.1 * data_range).mean(), abs=1e-12)
        assert row.n == test.sum()
    assert scores["value"].max() > 0
    assert "outliers" in set(pd.read_csv(project.tables / "summary.csv")["metric"])
    judged = pd.read_csv(project.tables / "claims.csv").query("metric == 'outliers'")
    assert judged.set_index("band")["seeds"]["red"] == 2


def test_a_baseline_takes_one_function_and_one_line(changed):
    project = changed("add-a-baseline.md")
    assert len(project.added.pop("scripts/sarfusion/study/methods.py")) == 1
    ((name, lines),) = project.added.items()
    assert name == "scripts/sarfusion/fusion/classical/gap_filling.py"
    assert sum(line.startswith("def ") for line in lines) == 1
    protocols = {"cloud_gap": {"models": ["unet"]}}
    scores = project.scores(
        "tests/studies/protocols.yaml",
        protocols=protocols,
        baselines=["mean", "median"],
        seeds=[1],
    )
    results = project.results("protocols")
    use = read_band(results / "stack/village.split.tif", "use")
    gap = read_band(results / "gaps/village.tif", "gap") == 1
    red = read_band(results / "stack/village.tif", "red")
    fill = np.median(red[~gap & (use == split.TRAIN)])
    rmse = np.sqrt(np.mean((red[gap & (use == split.TEST)].astype(float) - fill) ** 2))
    found = scores.query("method == 'median' and region == 'gap' and metric == 'rmse'")
    assert found["value"].tolist() == [pytest.approx(rmse, abs=1e-7)]
    assert found[["input", "seed"]].to_numpy().tolist() == [["none", 0]]
    assert " Median " in (project.tables / "summary.txt").read_text().replace("\n", " ")


@pytest.fixture(scope="module")
def own_scenes(finished, tmp_path_factory):
    """The simulated scenes once more as files of a person: as an archive's, and as one's own."""
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


def test_a_site_takes_one_row_or_one_entry(changed, own_scenes):
    project = changed("add-a-site.md")
    assert len(project.added.pop("config/cities.csv")) == 1
    cities = yaml.safe_load((project.folder / "config/cities.yaml").read_text())
    *known, new = resolve(cities, project.folder / "config")["sites"].values()
    assert len(known) == len(resolve(cities, ROOT / "config")["sites"])
    assert new["area"] == [-9.25, 38.68, -9.05, 38.82]
    assert [*project.added] == ["config/own_files.yaml"]
    sites = yaml.safe_load((project.folder / "config/own_files.yaml").read_text())["sites"]
    scores = project.scores(
        "config/own_files.yaml",
        sites=sites,
        data=str(own_scenes),
        protocols={"reconstruction": {}},
        models={"cnn": {"network": "cnn", "patch_px": 17, "batch": 2}},
    )
    assert set(scores["site"]) == {"mycity", "harbour"}
    assert set(scores[scores["site"] == "harbour"]["method"]) == {"copy", "cnn"}
    stack = project.results("own_files") / "stack"
    for channel in ("red", "ratio_db"):
        first, second = (read_band(stack / f"{site}.tif", channel) for site in sites)
        both = np.isfinite(first) & np.isfinite(second)
        assert both.mean() > 0.5
        np.testing.assert_allclose(first[both], second[both], atol=1e-4)


# What the two small runs do not make: they have one site, no catalogue and no shuffled SAR.
APART = {"report.html", "viewer/site-SITE.html"}  # by `reproduce`; of a second site
ELSEWHERE = {
    *("tables/across_sites.csv", "tables/across_sites.md", "tables/across_sites_differences.csv"),
    *("figures/across_sites_PROTOCOL_scores.png", "figures/across_sites_differences.png"),
    *("tables/transfer.csv", "tables/transfer.md", "tables/transfer_metrics.csv"),
    *("figures/transfer.png", "missing_sites.json"),
    "scenes/SITE/clouds.tif",
    "search/SITE.csv",
    "search/lock.txt",
    "stack/SITE.shuffled.tif",
    "stack/SITE.full.shuffled.tif",
}


def test_every_file_in_results_is_described(finished, protocols_results):
    told = [
        name.strip("` ")
        for cells in rows(ROOT / "docs/results.md")
        if len(cells) == 2
        for name in cells[0].split(", ")
    ][1:]
    told = [name for name in told if name != "file"]
    made = {
        path.relative_to(results).as_posix()
        for results in (finished.results(), protocols_results)
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
    for name in ELSEWHERE:
        ours = name.replace(".full", "")
        for word in ("SITE", "PROTOCOL"):
            ours = ours.replace(word, f"{{{word.lower()}}}")
        assert f'"{ours}"' in rules, name
