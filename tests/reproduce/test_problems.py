"""The report of a problem contains what helps, and nothing about the person who has it."""

import getpass
import os
import platform
import re
import string
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reproduce_command import environment, privacy, problems, reproduce

HERE = {"/home/ada/work/sarfusion": "", "/home/ada": "~"}
TOKEN = "ghp_" + "a1B2" * 9


def redact(text, variables=None):
    return privacy.redact(
        text, HERE, ["ada", "Ada Lovelace", "Lovelace", "engine7"], variables or {}
    )


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("in /home/ada/work/sarfusion/rules/a.smk, line 3", "in rules/a.smk, line 3"),
        ("in /home/ada/work/sarfusion:", "in .:"),
        ("/home/ada/work/sarfusion-old/rules/a.smk", ".../a.smk"),
        ("optical: /home/ada/secret project/x.tif", "optical: .../x.tif"),
        ("  - '/data/my scenes/my city.tif'  # mine", "  - '.../my city.tif'  # mine"),
        ("sar: ~/scenes/b.tif # '", "sar: .../b.tif # '"),
        ("file:///mnt/lab/x.tif", ".../x.tif"),
        ("//mnt//lab/x.tif", ".../x.tif"),
        ("error: /m/my lab/a.tif: lost; /tmp/b(1)/c.md", "error: .../a.tif: lost; .../c.md"),
        ("-v /mnt/lab/a:/data/lab/b.tif", "-v .../a:.../b.tif"),
        ("-I/home/grace/include", "-I..."),
        ("/Users/grace", "~"),
        ("/scratch/grace", "..."),
        ("../../grace/thesis/x.tif", ".../x.tif"),
        ('"/opt/lib/python3.12/site-packages/t/a.py"', '".../lib/python3.12/site-packages/t/a.py"'),
        ("scripts/a.py and results/demo/logs/a.log", "scripts/a.py and results/demo/logs/a.log"),
        ("3 m/s, 1/2, read/write", "3 m/s, 1/2, read/write"),
        ("https://earth.example/stac/v1/search", "https://earth.example/stac/v1/search"),
        ("https://ada:pw@earth.example/x", "https://[removed]@earth.example/x"),
        ("https://blob.example/a.tif?se=2024&sig=Zm9v", "https://blob.example/a.tif?[removed]"),
        ("host: node12.cluster.example", "host: [host]"),
        ("on engine7 for ADA, Lovelace's ada_city", "on [name] for [name], [name]'s [name]_city"),
        ("Canada, adagio and ada2", "Canada, adagio and ada2"),
        ("write to grace@lab.example, at 10.1.22.3", "write to [e-mail], at [address]"),
        ("snakemake 9.27.1, torch 2.13.0+cpu", "snakemake 9.27.1, torch 2.13.0+cpu"),
    ],
)  # fmt: skip
def test_what_is_personal_goes_and_the_rest_stays(text, left):
    assert redact(text) == left
    assert redact(left) == left


@pytest.mark.parametrize(
    "text",
    [
        "token: {}", "api_key = '{}'", '{{"Password": "{}"}}', "EARTHDATA_PASSWORD={} ./reproduce",
        "Authorization: Bearer {}", "curl -H bearer {}", "PC_SDK_SUBSCRIPTION_KEY={}",
        "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
        "https://x:{}@earth.example/", "s3://bucket/x?X-Amz-Signature={}",
    ],
)  # fmt: skip
def test_secrets_go_by_what_stands_before_them(text):
    assert "pl4in" not in redact(text.format("pl4in-text"))


@pytest.mark.parametrize(
    "secret",
    [
        TOKEN, "github_pat_11ABCDEFG0abcdefghij", "hf_abcdefghijklmnop", "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "Zm9vYmFyYmF6MTIzNDU2Nzg5MHF1",
    ],
)  # fmt: skip
def test_secrets_go_by_their_shape(secret):
    assert redact(f"got {secret} here") == "got [removed] here"


def test_checksums_and_names_of_scenes_stay():
    text = (
        "LC09_L2SP_127045_20230715_20230717_02_T1 S1A_IW_GRDH_1SDV_20230715T110712_rtc " + "0a" * 32
    )
    assert redact(text) == text


def test_values_of_secret_variables_go_wherever_they_stand():
    variables = {"LAB_TOKEN": "open sesame", "PROXY_PASSWORD": "abc", "COLOUR": "mauve grey"}
    assert redact("say open sesame, abc, mauve grey", variables) == "say [removed], abc, mauve grey"


part = st.text(string.ascii_letters + string.digits + "-_ .()+", min_size=3, max_size=9).map(
    lambda text: "Q" + text.strip() + "Q"
)


@given(
    st.lists(part, min_size=2, max_size=5, unique=True), st.sampled_from(["'{}'", '"{}"', "x: {}"])
)
def test_of_a_path_no_folder_is_left(parts, around):
    *folders, last = [f"{n}{text}" for n, text in enumerate(parts)]
    left = redact(around.format("/" + "/".join([*folders, last + ".tif"])))
    assert not any(folder in left for folder in folders if folder not in last)
    assert left == around.format(f".../{last}.tif")


@pytest.fixture
def troubled(project, monkeypatch):
    """A project of a person with a name, which appears in the study and logs."""
    home = project.parent / "ada"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USER", "ada")
    monkeypatch.setenv("LAB_TOKEN", "open sesame")
    monkeypatch.setattr(getpass, "getuser", lambda: "ada")
    monkeypatch.setattr(platform, "node", lambda: "engine7.lab.example")
    people = {"user.name": "Ada Lovelace", "user.email": "countess@lab.example"}
    monkeypatch.setattr(privacy, "_git", lambda key: people[key])
    (project / "config/schema.yaml").write_text("properties:\n  study:\n")
    (project / "config/demo.yaml").write_text(
        f"# by Ada Lovelace\nstudy: demo\nsites:\n  city:\n    optical: {home}/my scenes/x.tif\n"
        f"    sar: {project}/data/y.tif\n    token: {TOKEN}\n```\n"
    )
    run = project / ".snakemake/log/1.snakemake.log"
    log = project / "results/demo/logs/import_scene/city.log"
    for path in (run, log):
        path.parent.mkdir(parents=True)
    run.write_text("host: engine7\n" + "step\n" * 100 + "the last step\n")
    log.write_text(f"error: {home}/my scenes/x.tif: open sesame says countess@lab.example\n")
    return project


def test_a_report_names_no_person_no_machine_no_folder_and_no_secret(troubled, capsys):
    assert reproduce.main(["report-problem"]) == 0
    text = capsys.readouterr().out
    personal = ("ada", "lovelace", "engine7", "countess", "my scenes", "sesame", "a1b2a1b2")
    assert [word for word in personal if word in text.lower()] == []
    assert str(troubled) not in text
    assert not re.search(r"(?<![\w.])/\w+/", text)


def test_a_report_says_what_helps(troubled, capsys, monkeypatch):
    packages = troubled / "venv/lib/python3.12/site-packages"
    for name in ("scikit_image-0.26.1", "torch-2.13.0+cpu", "private_tool-1.0"):
        (packages / f"{name}.dist-info").mkdir(parents=True)
    monkeypatch.setenv("GDAL_DATA", "/mnt/lab/gdal")
    assert problems.report_problem_command(["demo"]) == 0
    text = capsys.readouterr().out
    assert "- packages: scikit_image 0.26.1, torch 2.13.0+cpu\n" in text
    assert "- environment: not set up" in text
    assert f"Python {platform.python_version()}" in text
    assert re.search("^- variables set: .*GDAL_DATA", text, re.M)
    assert "    optical: .../x.tif\n    sar: data/y.tif\n    token: [removed]\n'''\n" in text
    assert "the last step\n```" in text
    assert text.splitlines().count("step") == problems.MAX_RUN_LINES - 1
    assert "`logs/import_scene/city.log`" in text
    assert "error: .../x.tif: [removed] says [e-mail]\n" in text
    assert text.count("```text") == text.count("\n```\n") == 3


def test_failed_jobs_come_before_newer_ones(troubled):
    log = troubled / "results/demo/logs/import_scene/city.log"
    newer = log.with_name("town.log")
    newer.write_text("fine\n")
    os.utime(log, (1, 1))
    assert problems.job_logs(troubled / "results/demo") == [log]
    log.write_text("fine, too\n")
    os.utime(log, (1, 1))
    assert problems.job_logs(troubled / "results/demo") == [newer]


def test_the_last_run_is_one_of_the_study(troubled):
    folder = troubled / ".snakemake/log"
    for number, text in enumerate(["log: results/demo/logs/a.log", "log: results/july/logs/b.log"]):
        run = folder / f"{number}.snakemake.log"
        run.write_text(f"{text}\n")
        os.utime(run, (number, number))
    assert problems.last_run("demo") == folder / "0.snakemake.log"
    assert problems.last_run("july") == folder / "1.snakemake.log"
    assert problems.last_run("none") is None
    (folder / "2.snakemake.log").write_text("MissingRuleException\n")  # names no file
    assert problems.last_run("demo") == folder / "2.snakemake.log"


def test_a_study_that_cannot_be_read_is_reported_as_it_is(troubled, capsys):
    (troubled / "config/demo.yaml").write_bytes(b"study: caf\xe9 /home/grace/x.tif\n")
    assert problems.report_problem_command([]) == 0
    assert "study: caf\N{REPLACEMENT CHARACTER} .../x.tif" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["none"], ["none.yaml"], ["--help"], ["a", "b"]])
def test_other_arguments_are_one_line(troubled, arguments):
    with pytest.raises(environment.Problem, match=r"^(no such study file: none|usage: ).*$"):
        problems.report_problem_command(arguments)


def test_git_may_be_missing(monkeypatch):
    def missing(*_, **__):
        raise FileNotFoundError("git")

    for name in ("run", "check_output"):
        monkeypatch.setattr(subprocess, name, missing)
    monkeypatch.setenv("SARFUSION_COMMIT", "c0ffee")
    assert problems.described_commit() == "commit c0ffee"
    assert privacy._git("user.name") == ""
