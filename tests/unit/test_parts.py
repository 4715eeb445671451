"""A study in several plans: which sites each has."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sarfusion.core.errors import StudyError
from sarfusion.provenance.facts import merged
from sarfusion.study.config import read_study
from sarfusion.study.figures import FIGURES
from sarfusion.study.layout import Layout
from sarfusion.study.parts import Part, sites_of, this_part

STUDIES = Path(__file__).parents[1] / "studies"
STUDY = {"figures": {"sites": 2}, "transfer": {}, "missing_sites": {}}


def of_sites(count, **more):
    return STUDY | {"sites": {f"s{number}": {} for number in range(count)}} | more


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))))
def test_shards_have_each_site_once_in_order_and_as_many_as_any_other_or_one_more(numbers):
    count, shards = numbers
    study = of_sites(count)
    cut = [sites_of(study, Part(number + 1, shards)) for number in range(shards)]
    assert [site for sites in cut for site in sites] == list(study["sites"])
    assert max(map(len, cut)) - min(map(len, cut)) <= 1


def test_the_last_plan_has_the_sites_shown_and_those_of_transfers():
    study = of_sites(9, transfer={"north": {"train": ["s4", "s6"], "test": ["s8"]}})
    assert sites_of(study, Part(0, 3)) == ["s0", "s1", "s4", "s6", "s8"]
    assert sites_of(study, None) == list(study["sites"])


def test_missing_sites_are_in_no_part():
    study = of_sites(5, missing_sites={"s1": {}})
    assert sites_of(study, Part(1, 2)) == ["s0"]
    assert sites_of(study, Part(2, 2)) == ["s2", "s3", "s4"]
    assert sites_of(study, Part(0, 2)) == ["s0", "s2"]


@pytest.mark.parametrize(
    ("named", "part"), [("", None), ("1/5", (1, 5)), ("5/5", (5, 5)), ("last/2", (0, 2))]
)
def test_the_part_is_named_by_the_environment(monkeypatch, named, part):
    monkeypatch.setenv("SARFUSION_PART", named)
    assert this_part(of_sites(5)) == part


@pytest.mark.parametrize(
    ("named", "more", "message"),
    [
        ("0/2", {}, "SARFUSION_PART is '0/2'"),
        ("3/2", {}, "it may be 1/4, or last/4"),
        ("last", {}, "SARFUSION_PART is 'last'"),
        ("1/6", {}, "--shards 6: the study has 5 sites; give at most 5"),
        ("1/1", {"weights": "models"}, "a study with the setting weights runs in one plan"),
    ],
)
def test_no_such_part_is_one_line(monkeypatch, named, more, message):
    monkeypatch.setenv("SARFUSION_PART", named)
    with pytest.raises(StudyError, match=message):
        this_part(of_sites(5, **more))


def test_more_shards_than_a_single_site(monkeypatch):
    monkeypatch.setenv("SARFUSION_PART", "1/2")
    with pytest.raises(StudyError, match="the study has one site; give at most 1"):
        this_part(of_sites(1))


@pytest.mark.parametrize("name", ["shards", "protocols", "transfer"])
def test_what_shards_make_is_what_a_study_makes_of_its_sites(name):
    study = read_study(STUDIES / f"{name}.yaml")
    whole = Layout(study, "r")
    cut = [Layout(study, "r", sites=[site]) for site in study["sites"]]
    assert sorted(path for one in cut for path in one.joined()) == sorted(whole.joined())
    shown = [path for one in cut for path in one.shown()]
    assert set(shown) <= {*whole.figures(), *whole.viewer()}
    assert set(whole.viewer()) <= set(shown)
    spanning = {*whole.figures()} - {*shown}
    assert not [path for path in spanning if any(f"/{site}_" in path for site in study["sites"])]


def test_figures_of_a_site_wait_for_no_other_site():
    spanning = {"metrics", "differences", "claims", "ranking", "transferred"}
    of_sites = [figure for figure in FIGURES.values() if "{site}" in figure.name]
    assert of_sites
    assert not [figure.name for figure in of_sites if spanning.intersection(figure.inputs)]


def test_steps_of_several_plans_are_told_once_in_the_order_of_their_files():
    a, b, c = ({"rule": "r", "script": "s", "inputs": [], "outputs": [name]} for name in "abc")
    assert merged([[b], [c, b], [a]]) == [a, b, c]
