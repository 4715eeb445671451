"""How ./reproduce interprets its arguments."""

import ast
import re
import runpy
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from reproduce_command import ROOT, environment, load, reproduce, studies
from snakemake.scheduling.job_scheduler import JobRateLimiter, JobScheduler
from snakemake.settings.types import MaxJobsPerTimespan

sys.path.insert(0, str(ROOT / "command/terminal"))  # as Python does for snakemake_with.py


@pytest.mark.parametrize(
    ("arguments", "study", "rest"),
    [
        ([], "demo", []),
        (["-n"], "demo", ["-n"]),
        (["--cores", "2"], "demo", ["--cores", "2"]),
        (["city"], "city", []),
        (["own/x.yaml", "figures", "-k"], "own/x.yaml", ["figures", "-k"]),
    ],
)
def test_arguments_choose_the_study(monkeypatch, arguments, study, rest):
    monkeypatch.setattr(reproduce, "run_study", lambda *given: given)
    assert reproduce.main(arguments) == (study, rest)


def test_first_argument_may_be_a_command(monkeypatch):
    monkeypatch.setitem(reproduce.COMMANDS, "test", lambda arguments: ("test", arguments))
    assert reproduce.main(["test", "-k", "metrics"]) == ("test", ["-k", "metrics"])


@pytest.mark.parametrize("name", [n for n in reproduce.COMMANDS if n not in reproduce.HELPFUL])
def test_every_command_says_what_it_does_and_does_nothing(monkeypatch, capsys, name):
    def command(arguments):
        """say this"""
        raise AssertionError

    monkeypatch.setitem(reproduce.COMMANDS, name, command)
    for option in ("-h", "--help"):
        assert reproduce.main([name, option]) == 0
        assert capsys.readouterr().out == f"./reproduce {name}: say this\n"


def test_commands_with_options_have_a_help_of_their_own():
    text = "".join(path.read_text() for path in [ROOT / "reproduce", *ROOT.glob("command/*.py")])
    parsed = re.findall(r'ArgumentParser\(\s*"\./reproduce (\S+)"', text)
    assert {*reproduce.HELPFUL} == {*parsed, "test"}  # pytest's own


@pytest.mark.parametrize(
    "arguments", [["--cores", "0"], ["--cores=-1"], ["-c0"], ["-c", "0"], ["--jobs", "0"], ["-j0"]]
)
def test_no_cores_at_all_are_refused(arguments):
    with pytest.raises(
        environment.Problem, match=r"-?\d: at least 1 is needed, or `all`"
    ) as refused:
        studies.snakemake(ROOT / "config/demo.yaml", "figures", *arguments)
    assert refused.value.code == 2


@pytest.mark.parametrize("arguments", [["--cores", "all"], ["-j1"], ["--cores=20"], ["--rerun-0"]])
def test_other_numbers_of_cores_go_to_snakemake(arguments):
    assert studies.snakemake(ROOT / "config/demo.yaml", *arguments)[-len(arguments) :] == arguments


def test_setup_takes_no_arguments():
    with pytest.raises(environment.Problem, match="usage: ./reproduce setup"):
        reproduce.main(["setup", "--foo"])


def test_help_fits_a_screen_and_names_every_command(capsys):
    assert reproduce.main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    for command in reproduce.COMMANDS:
        assert any(line.split()[:1] == [command] for line in lines)


def test_old_python_is_refused_in_one_line(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(environment.Problem, match=r"^needs Python 3\.11 .* not Python 3\.9\.2"):
        reproduce.main([])


COMMAND = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("command/*.py"))


@pytest.mark.parametrize("name", ["reproduce", *COMMAND])
def test_old_python_can_parse_it(name):
    ast.parse((ROOT / name).read_text(), feature_version=(3, 7))


@pytest.mark.parametrize("name", COMMAND)
def test_old_python_does_not_evaluate_its_annotations(name):
    assert "\nfrom __future__ import annotations\n" in (ROOT / name).read_text()


def test_the_oldest_python_reads_no_more_than_reproduce(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 6, 15))
    monkeypatch.delitem(sys.modules, "environment")
    with pytest.raises(SystemExit) as stopped:
        load()
    assert stopped.value.code == 2
    assert "environment" not in sys.modules


def test_studies_are_found_by_name_and_by_path(project, monkeypatch):
    assert reproduce.study_file("city") == project / "config/city.yaml"
    assert reproduce.study_name(project / "config/city.yaml") == "rio"
    assert reproduce.study_name(project / "config/demo.yaml") == "demo"
    (project / "own").mkdir()
    (project / "own/mine.yml").write_text("study: mine\n")
    monkeypatch.chdir(project / "own")
    assert reproduce.study_file("mine.yml") == project / "own/mine.yml"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfstudy: mine\n",
        b"# \xc3\xbc\r\nstudy : 'mine'\r\n",
        b'"study": "mine" # mine\n',
        b'{"sites": {"a": {"study": 1}},\n "study": "mine"}',
        b'{\n  "study": "mine",\n}',  # not JSON, which is reported when the study is read
    ],
)
def test_a_name_is_found_as_editors_and_programs_write_it(project, content):
    path = project / "my study.yaml"
    path.write_bytes(content)
    assert reproduce.study_file(str(path)) == path
    assert reproduce.study_name(path) == "mine"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"study: caf\xe9\n", "notes.yaml, line 1: not UTF-8; save the file as UTF-8"),
        ("study: a".encode("utf-16"), "notes.yaml, line 1: not UTF-8"),
        (b"study: Mine\n", "notes.yaml: 'Mine' is not a valid name of a study"),
        (b"study: ../mine\n", "notes.yaml: '../mine' is not a valid name of a study"),
    ],
)
def test_a_file_that_cannot_be_read_is_in_nobody_elses_way(project, content, message):
    (project / "config/notes.yaml").write_bytes(content)
    assert reproduce.study_file("city").stem == "city"
    with pytest.raises(environment.Problem, match="studies in config/: city, demo;"):
        reproduce.study_file("sites")
    for name in ("notes", str(project / "config/notes.yaml")):
        with pytest.raises(environment.Problem, match=message):
            reproduce.study_file(name)


def test_utf_16_without_a_mark_is_no_file_without_a_name(project):
    path = project / "mine.yaml"
    path.write_bytes("study: mine\n".encode("utf-16-le"))
    with pytest.raises(environment.Problem, match=r"mine.yaml: not UTF-8; save the file as UTF-8"):
        reproduce.study_file(str(path))


@pytest.mark.parametrize(
    ("study", "message"),
    [
        ("sites", "no study or command 'sites'; studies in config/: city, demo;"),
        ("none.yaml", "no such study file: none.yaml"),
        ("config/sites.yaml", "config/sites.yaml is not a study"),
    ],
)
def test_unknown_study_is_one_line(project, monkeypatch, study, message):
    monkeypatch.chdir(project)
    with pytest.raises(environment.Problem) as problem:
        reproduce.study_file(study)
    assert str(problem.value).startswith(message)
    assert "\n" not in str(problem.value)
    assert problem.value.code == 2


def test_snakemake_gets_the_arguments_untouched(project):
    command = reproduce.snakemake(project / "config/demo.yaml", "figures", "--config", "a=1")
    assert command[1:] == [
        *(str(project / "command/terminal/snakemake_with.py"), "steps"),
        *("--configfile", "config/demo.yaml"),
        *("--snakefile", str(project / "Snakefile"), "--cores", "all"),
        *("figures", "--config", "a=1"),
    ]
    assert reproduce.snakemake(Path("/else/x.yaml"))[4] == "/else/x.yaml"


@pytest.mark.parametrize("asked", ["-n", "-np", "--lint", "--verbose", "-p", "--quiet=rules"])
def test_who_asks_for_the_words_of_snakemake_gets_them(asked):
    command = reproduce.snakemake(ROOT / "config/demo.yaml", asked)
    assert command[2:4] == ["plain", "--configfile"]
    command = reproduce.snakemake(ROOT / "config/demo.yaml", asked, logger="jobs")
    assert command[2:4] == ["jobs", "--configfile"]


def test_a_misspelt_option_is_one_line(capfd):
    path = ROOT / "command/terminal/snakemake_with.py"
    ended = subprocess.run([sys.executable, path, "plain", "--shard", "2"], cwd=ROOT)
    assert ended.returncode == 2
    assert capfd.readouterr().err == (
        "error: unrecognized arguments: --shard; options: ./reproduce --help,"
        " ./reproduce STUDY --help\n"
    )


def test_ctrl_c_while_snakemake_starts_prints_no_traceback(capsys):
    show_error = runpy.run_path(str(ROOT / "command/terminal/snakemake_with.py"))["show_error"]
    show_error(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert capsys.readouterr().err == ""
    show_error(ValueError, ValueError("anything else"), None)
    assert capsys.readouterr().err == "ValueError: anything else\n"


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        (["--configfile", "a.yaml", "b.json", "--cores", "2", "figures"], ["a.yaml", "b.json"]),
        (["-n", "--configfiles=a.yaml", "-q"], ["a.yaml"]),
        (
            ["--configfile", "a.yaml", "--config", "b=1", "--configfile", "c.yaml"],
            ["a.yaml", "c.yaml"],
        ),
        (["--cores", "2", "figures"], []),
    ],
)
def test_the_files_of_a_study_are_found_among_the_arguments_of_snakemake(arguments, files):
    path = ROOT / "command/terminal/snakemake_with.py"
    assert list(runpy.run_path(str(path))["config_files"](arguments)) == files


def test_snakemake_looks_for_jobs_by_the_clock_only_where_its_limit_kept_some_back(monkeypatch):
    path = ROOT / "command/terminal/snakemake_with.py"
    looks = []
    monkeypatch.setattr(
        JobScheduler, "_schedule_reevalutation", lambda self, delay: looks.append(delay)
    )
    runpy.run_path(str(path))["look_when_needed"](JobScheduler)
    limiter = JobRateLimiter(MaxJobsPerTimespan.parse_choice("2/1m"))
    scheduler = SimpleNamespace(job_rate_limiter=limiter)
    look = partial(JobScheduler._schedule_reevalutation, scheduler, limiter.timespan)
    limiter.register_jobs(1)
    look()
    assert not looks
    limiter.register_jobs(1)
    look()
    assert looks == [60]
    JobScheduler._schedule_reevalutation(scheduler, 10)  # for another reason
    assert looks == [60, 10]


@pytest.mark.parametrize("given", ["--cores", "--cores=2", "-c2", "-j", "--jobs", "--profile"])
def test_cores_are_left_to_the_arguments(given):
    assert "all" not in reproduce.snakemake(ROOT / "config/demo.yaml", given)


@pytest.mark.parametrize(
    ("arguments", "looks", "part"),
    [
        ([], False, False),
        (["-n"], True, False),
        (["-np"], True, False),
        (["--cores", "2", "-k"], False, False),
        (["--sdm", "conda"], False, False),
        (["--config", "a=1", "b=2"], False, False),
        (["-Rtrain_model"], False, False),
        (["figures"], False, True),
        (["--cores", "2", "figures"], False, True),
        (["--until=train_model"], False, True),
        (["-f", "x"], False, True),
        (["--lint"], True, False),
        (["--report", "x.html"], False, True),
    ],
)
def test_whole_runs_are_told_from_others(arguments, looks, part):
    errand = reproduce.has_any(arguments, reproduce.ERRANDS)
    assert reproduce.has_any(arguments, reproduce.LOOKS) == looks
    assert (errand or reproduce.names_target(arguments)) == part


def test_snakemake_has_the_options_we_know():
    cli = pytest.importorskip("snakemake.cli")
    known = cli.get_argument_parser()._option_string_actions
    assert set((reproduce.LOOKS + reproduce.ERRANDS).split()) <= set(known)
