"""The plans of `./reproduce STUDY --shards N`, and how they end."""

import json
import os

import pytest
from reproduce_command import reproduce, sharding, studies


@pytest.mark.parametrize(
    ("arguments", "shards", "rest"),
    [
        (["-k"], 0, ["-k"]),
        (["--shards", "4", "-k"], 4, ["-k"]),
        (["--cores", "2", "--shards=12"], 12, ["--cores", "2"]),
        (["--shards", "2", "--until", "download_scene", "download_clouds"], 2, None),
        (["--shards", "2", "-np"], 2, ["-np"]),
    ],
)
def test_the_number_is_taken_from_the_arguments(arguments, shards, rest):
    found, left = sharding.shards_in(arguments)
    assert found == shards
    assert rest is None or left == rest


@pytest.mark.parametrize("number", [["0"], ["-3"], ["two"], ["1.5"], []])
def test_a_number_that_is_none_is_one_line(number):
    with pytest.raises(reproduce.Problem, match="--shards takes a number of plans, at least 1"):
        sharding.shards_in(["--shards", *number])


@pytest.mark.parametrize("other", ["tables", "--dag", "--report", "-F", "--unlock"])
def test_what_does_not_go_with_shards_is_one_line(other):
    with pytest.raises(reproduce.Problem, match="works only with a whole run, -n or --until"):
        sharding.shards_in([other, "--shards", "2"] if other != "-F" else ["--shards=2", "-f"])


@pytest.fixture
def plans(project, monkeypatch):
    """(part, whether sites are left out) of each plan; `outcomes` sets how a part's plan ends."""
    monkeypatch.setattr(reproduce, "ready", lambda: None)
    monkeypatch.setattr(reproduce, "conclude", lambda *_: made.append(("concluded", False)))
    monkeypatch.setenv("SARFUSION_PART", "")
    monkeypatch.setenv("SARFUSION_COMMAND", "")
    made, outcomes = [], {}
    results = project / "results/demo"

    def run(command, lock=None):
        part = os.environ["SARFUSION_PART"]
        known = [word for word in command if str(word).endswith("missing_sites.json")]
        made.append((part, bool(known)))
        code, sites = outcomes.get(part, (0, []))
        if code and sites and not set(sites) <= told(results):
            write(results / "missing_sites.json", {*sites} | told(results))
            return code
        if code and not sites:
            return code
        if not part.startswith("last"):
            (results / "shards").mkdir(parents=True, exist_ok=True)
            (results / f"shards/{part.replace('/', '-of-')}.json").touch()
        return 0

    monkeypatch.setattr(sharding, "run", run)
    monkeypatch.setattr(studies, "run", run)
    return made, outcomes


def told(results):
    path = results / "missing_sites.json"
    return set(json.loads(path.read_text())["missing_sites"]) if path.exists() else set()


def write(path, sites):
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {"rule": "import_scene", "log": "x.log", "reason": "truncated"}
    path.write_text(json.dumps({"missing_sites": dict.fromkeys(sorted(sites), about)}))


def test_the_shards_run_in_turn_and_what_joins_them_last(plans):
    made, _ = plans
    assert reproduce.main(["demo", "--shards", "2"]) == 0
    assert [part for part, _ in made] == ["1/2", "2/2", "last/2", "concluded"]
    assert os.environ["SARFUSION_COMMAND"] == "./reproduce demo --shards 2"


def test_until_a_rule_nothing_is_joined(plans):
    made, _ = plans
    assert reproduce.main(["demo", "--shards", "2", "--until", "download_scene"]) == 0
    assert [part for part, _ in made] == ["1/2", "2/2"]


def test_a_shard_that_fails_is_named_and_stops_the_last_plan_alone(plans):
    made, outcomes = plans
    outcomes["2/3"] = (1, [])
    with pytest.raises(
        reproduce.Problem, match=r"^shard 2 of 3 failed.*\nThe same command"
    ) as told:
        reproduce.main(["demo", "--shards", "3"])
    assert told.value.code == 1
    assert [part for part, _ in made] == ["1/3", "2/3", "3/3"]


def test_sites_that_fail_in_a_shard_are_left_out_of_what_follows(plans):
    made, outcomes = plans
    outcomes["1/2"] = (1, ["cairo"])
    with pytest.raises(reproduce.Problem, match="the study is done without cairo"):
        reproduce.main(["demo", "--shards", "2", "--keep-going"])
    assert made == [
        ("1/2", False),
        ("1/2", True),
        ("2/2", True),
        ("last/2", True),
        ("concluded", False),
    ]


def test_a_list_of_an_earlier_run_leaves_out_nothing(plans, project):
    made, _ = plans
    write(project / "results/demo/missing_sites.json", {"cairo"})
    assert reproduce.main(["demo", "--shards", "1", "-k"]) == 0
    assert made == [("1/1", False), ("last/1", False), ("concluded", False)]


@pytest.mark.parametrize("code", [2, 130, 137])
def test_no_other_plan_runs_after_a_signal_or_where_all_would_fail(plans, code):
    made, outcomes = plans
    outcomes["1/3"] = (code, [])
    with pytest.raises(reproduce.Problem) as told:
        reproduce.main(["demo", "--shards", "3"])
    assert told.value.code == code
    assert [part for part, _ in made] == ["1/3"]


def test_a_look_at_shards_that_are_not_done_says_so(plans, project, capsys):
    made, outcomes = plans
    outcomes["2/2"] = (1, [])
    assert reproduce.main(["demo", "--shards", "2", "-n"]) == 1
    assert [part for part, _ in made] == ["1/2", "2/2"]
    assert "is known once the shards are done" in capsys.readouterr().err
