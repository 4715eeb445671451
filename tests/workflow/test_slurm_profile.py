"""The Slurm jobs that profiles/slurm makes of studies, from dry runs, which need no Slurm."""

import re
from collections import Counter

import yaml
from project import ROOT
from rule_names import rules

PROFILE = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
SITES = {name: {"source": "simulated", "seed": 1} for name in ("one", "two")}
EVERYTHING = {"study": "everything", "sites": SITES}  # all protocols, models, inputs; five seeds
ON_THE_LOGIN_NODE = {
    *("all", "tables", "figures", "products", "fill", "viewer", "scores", "derived", "spot"),
    "pictures",
    *("keep_lock", "lock_scenes", "shard"),
}
# Helpers of rules/common.smk that return a resource.
GROWING = ("growing", "whole_arrays", "of_all_sites")


def every_rule(folder):
    """The names of all rules: those with a script, as Snakemake knows them, and the others."""
    texts = [path.read_text() for path in [*ROOT.glob("rules/*.smk"), ROOT / "Snakefile"]]
    pattern = r"^\s*(?:use rule \w+ as|rule) (\w+)"
    named = {name for text in texts for name in re.findall(pattern, text, re.MULTILINE)}
    return named | rules(folder).keys()


def slurm_jobs(project, study, **more):
    """{group: how many Slurm jobs} of a study."""
    options = ("--dry-run", "--profile", "profiles/slurm", "--cores", "1")
    printed = project.run(*options, study=study, **more)
    return Counter(re.findall(r"Group job (\w+) \(jobs in lexicogr. order\)", printed))


def test_every_rule_is_in_a_group_or_runs_on_the_login_node(tmp_path):
    assert set(PROFILE["groups"]) == every_rule(tmp_path) - ON_THE_LOGIN_NODE


def assert_few(found, sites):
    """Each site is at most eight Slurm jobs, in the three stages; all else is one."""
    for site in sites:
        mine = {name: number for name, number in found.items() if name.endswith(f"_{site}")}
        assert set(mine) == {f"{stage}_{site}" for stage in ("prepare", "train", "score")}
        assert sum(mine.values()) <= 8, mine
    others = {name: n for name, n in found.items() if not name.endswith(tuple(sites))}
    assert others == {"conclude": 1}


def test_a_site_of_the_demo_is_at_most_eight_slurm_jobs(project):
    dated = {name: about | {"other_dates": [-48, -16, 32]} for name, about in SITES.items()}
    found = slurm_jobs(project, "config/demo.yaml", change={"sites": dated})
    assert_few(found, ("simcity", *SITES))


def test_a_site_of_the_largest_study_is_at_most_eight_slurm_jobs(project):
    (project.folder / "everything.yaml").write_text(yaml.safe_dump(EVERYTHING))
    found = slurm_jobs(project, "everything.yaml")
    assert_few(found, SITES)


def test_memory_and_time_grow_with_each_attempt_in_every_rule():
    common = (ROOT / "rules/common.smk").read_text()
    for helper in GROWING:
        body = re.search(rf"^def {helper}\(.*?(?=^\S|\Z)", common, re.MULTILINE | re.DOTALL)[0]
        assert "* attempt" in body or "return growing(" in body
    pattern = r"^ +(mem_mb|runtime)=(.+),$"
    for path in ROOT.glob("rules/*.smk"):
        for name, value in re.findall(pattern, path.read_text(), re.MULTILINE):
            assert re.fullmatch(rf"({'|'.join(GROWING)})\(.+\)", value), (path.name, name, value)
