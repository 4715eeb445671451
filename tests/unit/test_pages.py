"""The documentation: what its pages name exists, and the commands they show are understood."""

import re

import pytest
import yaml
from pages import PAGES, ROOT, blocks, commands, lines_on_screen, links, page_name, rows, spans
from reproduce_command import (
    archives,
    filling,
    references,
    reproduce,
    sharding,
    studies,
    verifying,
)
from sarfusion.scoring.definitions import SCALE
from sarfusion.scoring.metrics import METRICS
from sarfusion.scoring.uncertainty import METRICS as UNCERTAINTY_METRICS
from sarfusion.study.config import resolve
from sarfusion.study.protocols import PROTOCOLS
from sarfusion.study.schemas import schema
from sarfusion.verify.tolerances import family
from snakemake.cli import get_argument_parser
from uiqi_elsewhere import ours, pairs

each_page = pytest.mark.parametrize("page", PAGES, ids=page_name)
PLACES = {"MYCITY", "STUDY", "CITY"}  # stand for a study
MOST_LINES = 110  # two screens
README_LINES = 152  # with its pictures, and the table of what came out of two studies
FOLDERS = "(?:config|docs|envs|profiles|rules|scripts|tests|results/reference)"


def text_of(path):
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def words():
    """Every word of the code and of the settings."""
    paths = [ROOT / "reproduce", ROOT / "Snakefile", ROOT / ".ci/run"]
    patterns = (
        "scripts/**/*.py",
        "rules/*.smk",
        "envs/*.py",
        "config/*.yaml",
        "profiles/**/*.yaml",
    )
    for pattern in patterns:
        paths += ROOT.glob(pattern)
    return set(re.findall(r"\w+", " ".join(map(text_of, paths))))


@each_page
def test_a_page_fits_on_two_screens(page):
    assert lines_on_screen(page) <= (README_LINES if page == ROOT / "README.md" else MOST_LINES)


@each_page
def test_links_lead_somewhere(page):
    for link in links(page):
        file, _, heading = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        headings = re.findall(r"^#+ (.+)$", text_of(target), re.M) if heading else []
        anchors = {re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in headings}
        assert not heading or heading in anchors, link


def test_every_page_can_be_reached_from_the_index():
    index = {link.partition("#")[0] for link in links(ROOT / "docs/README.md")}
    assert {page.name for page in ROOT.glob("docs/*.md")} - {"README.md"} <= index
    assert "docs/README.md" in links(ROOT / "README.md")


@each_page
def test_named_paths_exist(page):
    for span in spans(page):
        for name in re.findall(rf"(?<![\w./-]){FOLDERS}/[\w./*-]*", span):
            if not any(place in name for place in (*PLACES, "NAME")):
                assert list(ROOT.glob(name.rstrip("/."))), name


@each_page
def test_named_settings_exist(page, words):
    for span in spans(page):
        keys = span.split(".")
        if len(keys) > 1 and keys[0] in schema()["properties"] and keys[-1] not in ("csv", "json"):
            kinds = [schema(), *(schema()["$defs"][kind] for kind in ("files", "stac"))]
            assert any(has_setting(rules, keys) for rules in kinds), span
        elif re.fullmatch(r"_?[a-z][a-z_0-9]*:?", span):
            assert span.rstrip(":") in words, span


def has_setting(rules, keys):
    """Whether a part of the schema has a setting at this place."""
    for key in keys:
        if "$ref" in rules:
            rules = schema()["$defs"][rules["$ref"].rsplit("/", 1)[1]]
        if key not in rules.get("properties", {}):
            return False
        rules = rules["properties"][key]
    return True


@each_page
def test_settings_that_are_shown_are_valid(page):
    for block in blocks(page, "yaml"):
        assert resolve(yaml.safe_load(block))["study"]


@each_page
def test_commands_are_understood(page):
    for command, *arguments in commands(page):
        if command == "python" or command.endswith("/python"):
            assert (ROOT / arguments[0]).is_file(), arguments
        if command != "./reproduce":
            continue
        if arguments == ["--help"]:
            continue
        if not arguments or arguments[0].startswith("-"):
            arguments = ["demo", *arguments]
        first, *rest = arguments
        if first == "status":
            rest = [rest[0], *sharding.shards_in(rest[1:])[1]]
        if first in reproduce.COMMANDS:
            understand_command(first, rest)
        else:
            if first not in PLACES and "FOLDER" not in first:
                studies.study_file(first)
            _, rest = sharding.shards_in(rest)
            understand_run([word for word in rest if word != reproduce.OFFLINE])


def understand_command(name, arguments):
    """Check that the command accepts these arguments."""
    if name == "verify" and arguments != ["--help"]:
        verifying.verify_options(arguments)
    elif name == "test":
        for path in [word for word in arguments if word != "--all"]:
            assert (ROOT / path).is_file(), path
    elif name == "release":
        assert arguments == ["VERSION"]
    elif name == "pack":
        assert archives.pack_options(arguments).study in PLACES
    elif name == "unpack":
        assert arguments == ["FILE"]
    elif name in ("lock", "check-archive", "status", "report-problem"):
        (study,) = [word for word in arguments if word != reproduce.IMPATIENT]
        if study not in PLACES:
            studies.study_file(study)
    elif name == "fill":
        assert filling.fill_options(arguments)[1] == []
    elif name == "export":
        study, *protocols = arguments
        assert set(protocols) <= PROTOCOLS.keys()
        studies.study_file(study)
    elif name == "reference":
        assert PLACES.issuperset(arguments)
    elif name == "envelope":
        assert references.RUNS.keys() >= set(arguments)
    elif name not in ("verify", "bench"):
        assert not arguments, (name, arguments)


def understand_run(arguments):
    """Check that Snakemake accepts these arguments."""
    given = get_argument_parser().parse_args(arguments)
    for profile in given.profile or []:
        assert (ROOT / profile / "config.yaml").is_file()


def test_every_metric_of_uncertainty_is_described():
    told = {row[0] for row in rows(ROOT / "docs/metrics.md") if len(row) == 2}
    names = {name.removesuffix("_N") for cell in told for name in re.findall(r"`(\w+)`", cell)}
    assert {*map(family, names)} == {*map(family, UNCERTAINTY_METRICS), SCALE}


def test_every_metric_is_described():
    page = ROOT / "docs/metrics.md"
    told = {row[0].strip("`"): row[2] for row in rows(page) if len(row) == 3}
    told.pop("metric")
    assert told.keys() == METRICS.keys()
    best = {"lower": "0", "zero": "0", "one": "1", "higher": "1"}
    special = {"psnr": "high", "q_af": ".975", "rmse_by_distance": "low", "rmse_by_age": "low"}
    for name, entry in METRICS.items():
        assert told[name] == special.get(name, best[entry.better]), name
    intervals = re.search(r"test ground, for (.+?)\.", text_of(page), re.S)[1]
    compared = [name for name, entry in METRICS.items() if entry.compared]
    assert re.findall(r"`(\w+)`", intervals) == compared


def test_the_table_of_other_libraries_has_the_formula_and_ours():
    told = {row[0]: row[1:3] for row in rows(ROOT / "docs/metrics.md") if len(row) == 5}
    for what, (reference, fused, exact) in pairs().items():
        values = [f"{value:.4f}" for value in (exact, ours(reference, fused))]
        assert told[what] == values
        assert ours(reference, fused) == pytest.approx(exact, abs=0.01)
