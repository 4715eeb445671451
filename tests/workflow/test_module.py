"""Another workflow uses this one as a module, from a folder of its own, as the page says."""

import json
import shutil

import pytest
import warm_start
import yaml
from pages import ROOT, blocks

PAGE = ROOT / "docs/as-a-module.md"
PREFIX = " as sarfusion_*"


class Other:
    """A folder with the page's Snakefile, and a study of its own in config/village.yaml."""

    def __init__(self, folder, **change):
        self.folder = folder
        study = yaml.safe_load((ROOT / "tests/studies/tiny.yaml").read_text())
        study |= {"study": "village", **change}
        (folder / "config").mkdir(parents=True)
        (folder / "config/village.yaml").write_text(yaml.safe_dump(study))
        (snakefile,) = blocks(PAGE, "snakemake")
        assert PREFIX in snakefile
        self.prefixed = snakefile.replace("/path/to/sarfusion", str(ROOT))
        self.write(self.prefixed)

    def write(self, snakefile):
        (self.folder / "Snakefile").write_text(snakefile)

    def run(self, *arguments, fails=False):
        """Run Snakemake in the folder; return what it printed."""
        profile = ("--workflow-profile", str(ROOT / "profiles/default"))
        command = ("-m", "snakemake", "--cores", "2", *profile, *arguments)
        done = warm_start.run(command, self.folder)
        assert (done.returncode != 0) == fails, done.stdout
        return done.stdout


@pytest.fixture
def before():
    """What results/ and config/ of the clone contain: a module does not change it."""
    places = ("results", "config")
    return {place: sorted(path.name for path in (ROOT / place).iterdir()) for place in places}


@pytest.mark.parametrize("prefix", ["", "sarfusion_"])
def test_a_module_is_planned_with_and_without_a_prefix(prefix, tmp_path):
    other = Other(tmp_path / "other")
    if not prefix:
        other.write(other.prefixed.replace(PREFIX, ""))
    planned = other.run("--dry-run")
    for rule in ("simulate_scene", "train_model", "tabulate_metrics"):
        assert f"\n{prefix}{rule} " in planned
    assert "\nbest " in planned
    assert "not present in the Snakefile" not in planned  # of a list of local rules


@pytest.mark.second_tier
def test_a_module_runs_with_and_without_a_prefix(tmp_path, before):
    other = Other(tmp_path / "other")
    other.write(other.prefixed.replace(PREFIX, ""))
    other.run()
    best = (other.folder / "results/village/best.txt").read_text().splitlines()
    assert len(best) == 3 * 3  # bands, and Copy beside the two models
    other.write(other.prefixed)
    planned = other.run("--dry-run", "sarfusion_all")
    assert "sarfusion_typeset_paper" in planned
    assert "sarfusion_train_model" not in planned  # what ran stays, under whichever name
    other.run("sarfusion_all")
    results = other.folder / "results/village"
    for name in ("paper.pdf", "viewer/index.html", "figures/village_overview.png"):
        assert (results / name).stat().st_size > 10_000
    crate = json.loads((results / "provenance/ro-crate-metadata.json").read_text())["@graph"]
    steps = {entity["name"] for entity in crate if entity["@id"].startswith("#step-")}
    assert {"sarfusion_simulate_scene", "sarfusion_plot_tables"} <= steps
    assert yaml.safe_load((results / "config.yaml").read_text())["study"] == "village"
    other.run("--report", "report.html", "sarfusion_all")
    assert "Look for whether the SAR ratio shows" in (other.folder / "report.html").read_text()
    assert "Nothing to be done" in other.run("--dry-run", "sarfusion_all")
    places = before.keys()
    assert before == {p: sorted(path.name for path in (ROOT / p).iterdir()) for p in places}


def test_a_lock_and_a_table_of_sites_are_in_the_folder_of_the_study(tmp_path):
    other = Other(tmp_path / "other", sites="cities.csv")
    shutil.copy(ROOT / "config/cities.csv", other.folder / "config/cities.csv")
    planned = other.run("--dry-run", "results/village/search/lock.txt", "config/village.lock.json")
    assert "Lock the scenes in config/village.lock.json" in planned


def test_a_module_without_a_study_is_refused_in_one_line(tmp_path):
    other = Other(tmp_path / "other")
    other.write(other.prefixed.replace("        config\n", "        {}\n"))
    printed = other.run("--dry-run", fails=True)
    assert "error: config: the top level: 'study' is a required property" in printed
