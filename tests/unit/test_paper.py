"""The paper: its text has no numbers of its own, and it can be typeset whatever the results."""

import ast
import itertools
import re
from pathlib import Path

import pytest
import typeset_paper
from paper_data import CLAIMS, make_content, make_scene, make_stack
from sarfusion.provenance import facts
from sarfusion.scoring import definitions
from sarfusion.scoring.decision import CONTRADICTED, NOT_SHOWN, NOT_TESTED, REPRODUCED
from sarfusion.show import paper
from sarfusion.show.paper import methods, sites
from sarfusion.show.paper.texts import cell, counted, listed, percent, whole
from sarfusion.study.protocols import PROTOCOLS

ROOT = Path(__file__).parents[2]
TEMPLATE = sorted((ROOT / "paper").iterdir())
TEXT = (ROOT / "paper/paper.typ").read_text(encoding="utf-8")
TASKS = "".join(protocol.task for protocol in PROTOCOLS.values())  # these cite works, too
STYLE = (ROOT / "paper/style.typ").read_text(encoding="utf-8")
VERDICTS = (REPRODUCED, CONTRADICTED, NOT_SHOWN, NOT_TESTED)
MADE = {  # kinds of studies
    "whole": {},
    "one seed": {"seeds": (1,), "verdict": NOT_TESTED},
    "one protocol": {"protocols": {"sharpening": {}}},
    "one band": {"bands": ["red"]},
    "two sites": {"sites": ("a", "b")},
    "many sites": {"sites": tuple(f"site{n}" for n in range(60))},
    "real scenes": {"simulated": False},
    "own network": {"models": {"mine": {"network": "mine", "patch_px": 32, "batch": 4}}},
}


def own_digits(text):
    """The lines of the template's text with digits that are neither a reference nor a definition.

    Digits may be in names of works (@wang2004) and, in formulas, in the whole numbers of
    definitions.
    """
    text = re.sub(r"^ *//.*$", "", text, flags=re.M)
    text = re.sub(r"@[a-z]+\d{4}\b", "", text)
    return [
        line
        for part, formula in zip(text.split("$"), is_formula(), strict=False)
        for line in (
            re.sub(r"(?<![\d.])(1|2|10|100)(?![\d.])", "", part) if formula else part
        ).splitlines()
        if re.search(r"\d", line)
    ]


def is_formula():
    """False, True, False, ...: every second part between dollar signs is a formula."""
    while True:
        yield from (False, True)


def test_no_number_of_the_text_is_its_own():
    assert TEXT.count("$") % 2 == 0
    assert own_digits(TEXT) == []


@pytest.mark.parametrize(
    ("place", "result"),
    [
        ("= Results\n", "= Results\nThe CNN has an RMSE of 0.0051.\n"),
        ("= Results\n", "= Results\nThe error fell by 18 %.\n"),
        ("$ Delta = 1/S", "$ Delta = 0.0189 = 1/S"),
        ("$ Delta = 1/S", "$ Delta = 17 = 1/S"),
        ("RMSE and bias are in reflectance.", "RMSE is 0.005."),
        ('join(", ", last: " and ")', 'join(", ", last: " and 3 ")'),
        ("#n.draws", "1000"),
        ("// The paper of a study.", "Scored 7 bands. // The paper of a study."),
    ],
)
def test_a_number_that_somebody_writes_into_the_text_is_found(place, result):
    assert place in TEXT
    assert own_digits(TEXT.replace(place, result, 1))


def test_the_style_has_lengths_and_counts_and_no_numbers_in_sentences():
    """Whole numbers count columns, levels and items; a result would be in text, or have more."""
    style = re.sub(r"//.*$", "", STYLE, flags=re.M)
    for text in re.findall(r"\[[^\[\]#]*\]|(?<=#\[)[^\]]*", style):
        assert not re.search(r"\d", text), text
    for text in re.findall(r'"[^"]*"', style):
        assert not re.search(r"\d", text) or text in {
            *('"#0173B2"', '"#A8470A"', '"a4"', '"1"', '"1.1"', '"(1)"', '"A.1"')
        }
    style = re.sub(r'"[^"]*"', "", style)
    bare = re.findall(r"(?<![\w.])\d[\d.]*(?![\d.]*(?:pt|mm|em|fr|%))", style)
    assert set(bare) <= {"0", "1", "2"}


@pytest.mark.parametrize("module", sorted(Path(paper.__file__).parent.glob("*.py")))
def test_no_number_of_the_sentences_is_their_own(module):
    """Except formats such as ".3f", which say how many digits a number gets."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    formats = {
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.FormattedValue) and node.format_spec
        for part in ast.walk(node.format_spec)
    }
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in formats
    ]
    docstrings = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef)
    }
    allowed = {"SHA-256", "-0. ±", "< 0", "> 0"}  # a name, zeros to be mended, sides of zero
    found = {text for text in texts if re.search(r"\d", text)} - docstrings - allowed
    assert found <= {"< 0.1\N{NO-BREAK SPACE}%", ".0"}


def test_every_work_that_is_cited_is_listed_and_every_listed_one_cited():
    listed_works = re.findall(r"^@\w+\{(\w+),", (ROOT / "paper/references.bib").read_text(), re.M)
    cited = set(re.findall(r"@([a-z]+(?:\d{4})?)\b", re.sub(r"//.*", "", TEXT + TASKS)))
    assert set(listed_works) <= cited
    assert len(set(listed_works)) == len(listed_works) > 12


def test_the_definitions_are_those_of_the_library():
    numbers = methods.constants(make_content()["study"], {"here": make_stack()}, 0.02)
    assert numbers["ssim_window"] == str(definitions.SSIM_WINDOW) == "11"
    assert (numbers["uiqi_window"], numbers["confidence"]) == ("8", "95\N{NO-BREAK SPACE}%")
    assert numbers["tails"] == "2.5\N{NO-BREAK SPACE}% and 97.5\N{NO-BREAK SPACE}%"
    assert (numbers["coarse"], numbers["native"], numbers["fine"]) == ("90", "30", "10")
    assert numbers["step"] == "quarter"
    asked = set(re.findall(r"#n\.(\w+)", TEXT))
    assert asked <= numbers.keys()


class TestTypeset:
    def pdf(self, **made):
        return typeset_paper.typeset(TEMPLATE, [], paper.content(**make_content(**made)))

    @pytest.mark.parametrize("verdict", VERDICTS)
    def test_whatever_the_verdicts(self, verdict, caplog):
        assert self.pdf(verdict=verdict).startswith(b"%PDF")
        assert not caplog.records  # Typst had no warning

    @pytest.mark.parametrize("kind", MADE)
    def test_whatever_the_study(self, kind, caplog):
        assert self.pdf(**MADE[kind]).startswith(b"%PDF")
        assert not caplog.records

    def test_the_same_content_gives_the_same_bytes(self):
        assert self.pdf() == self.pdf()

    def test_it_holds_no_date_and_no_font_of_the_machine(self):
        pdf = self.pdf()
        assert b"/CreationDate" not in pdf
        assert b"/ModDate" not in pdf
        fonts = set(re.findall(rb"/BaseFont ?/[A-Z]{6}\+(\w+)", pdf))
        assert all(font.startswith((b"Libertinus", b"NewCM", b"DejaVuSansMono")) for font in fonts)


class TestContent:
    def test_simulated_scenes_are_marked_on_the_first_page_and_in_captions(self):
        made = paper.content(**make_content())
        assert made["mark"].startswith("Simulated scenes")
        assert made["note"] == "Simulated scenes."
        real = paper.content(**make_content(simulated=False))
        assert (real["mark"], real["note"]) == ("", "")
        mixed = sites.marks({"a": make_scene(), "b": make_scene(False)})
        assert mixed == ("Simulated scenes among them: a", "Simulated: a.")
        figures, tables = TEXT.count("picture("), TEXT.count("-table(")
        assert figures + tables >= 8
        assert STYLE.count("caption: [#caption #note(d)]") == 1  # of every picture

    def test_the_scenes_are_described(self):
        content = make_content(simulated=False)
        settings = content["study"]["sites"]["here"]
        about = sites.describe_site(settings, make_scene(False), make_stack())
        assert about["Days between the two"] == "3.5"
        assert about["Masked"] == "4\N{NO-BREAK SPACE}% (cloud 4\N{NO-BREAK SPACE}%)"
        assert about["Without data"] == "3\N{NO-BREAK SPACE}%"
        assert about["Shift, SAR from optical"] == "+0.14 rows, +0.14 columns"
        assert about["Grid"] == "100 × 100 px of 30 m, EPSG:32648"
        assert about["Radar scene"] == "a sensor, 2024-01-04T12:00:00Z"
        assert about["Looks of radar"] == (
            "9.8 in VV, 10.4 in VH; of the ratio, speckle makes 2.0 dB of 3.0 dB"
        )
        assert "test 17.2" in about["Use of valid ground"]

    def test_a_radar_scene_of_several_passes_says_so(self):
        content = make_content(simulated=False)
        scene, stack = make_scene(False, orbit="ascending", passes=3), make_stack()
        stack["sar"]["looks"] = None
        about = sites.describe_site(content["study"]["sites"]["here"], scene, stack)
        assert about["Radar scene"].endswith(", ascending, mean of 3 passes")
        assert about["Looks of radar"] == "could not be estimated"

    def test_a_grid_that_is_turned_says_where_north_is(self):
        content = make_content(simulated=False)
        stack = make_stack()
        stack["grid"] |= {"crs": "an unnamed CRS (Sinusoidal)", "north_deg": -21.4}
        about = sites.describe_site(content["study"]["sites"]["here"], make_scene(False), stack)
        assert about["Grid"] == (
            "100 × 100 px of 30 m, an unnamed CRS (Sinusoidal), north is 21° to the left of up"
        )

    @pytest.mark.parametrize(
        ("optical", "sar", "told", "days"),
        [
            ("2024-01-01", "2024-01-04", None, "3.0"),
            ("2024-01-04T12:00:00Z", "2024-01-01", None, "3.5"),
            ("2024-01-01", None, None, "unknown"),
            ("spring", "2024-01-04", None, "unknown"),
            ("2024-01-01", "2024-01-04", -2.25, "2.2"),
        ],
    )
    def test_days_between_the_sensors(self, optical, sar, told, days):
        scene = {"optical": {"date": optical}, "sar": {"date": sar, "days_apart": told}}
        assert sites.days_apart(scene) == days

    def test_of_many_sites_each_has_a_row_and_the_rest_is_named(self):
        table = paper.content(**make_content(**MADE["many sites"]))["sites"]
        assert not table["tall"]
        assert len(table["rows"]) == sites.MAX_ROWS
        assert [row[0] for row in table["rows"]] + table["rest"] == list(
            MADE["many sites"]["sites"]
        )

    def test_over_sites_verdicts_are_counted(self):
        table = paper.content(**make_content(**MADE["two sites"]))["tests"]
        assert table["sites"]
        assert table["header"][-1] == "sites reproduced"
        assert {row[-1] for row in table["rows"]} == {"2"}

    def test_a_study_that_fills_clouds_tells_how_much_is_invented(self):
        made = paper.content(**make_content(sites=("here", "there")))
        assert len(made["products"]) == 2
        assert (
            "5.0 % of the image of here is filled, by the U-Net with the ratio"
            in made["products"][0]
        )
        assert made["pictures"] == ["here_cloud_free.pdf", "there_cloud_free.pdf"]
        without = paper.content(**make_content(**MADE["one band"]))
        assert without["products"] == without["pictures"] == []

    def test_every_claim_is_told_with_its_verdict(self):
        wanted = dict(zip(CLAIMS, itertools.cycle(VERDICTS), strict=False))
        made = paper.content(**make_content(verdict=wanted))
        assert {claim["name"]: claim["verdict"] for claim in made["claims"]} == wanted
        assert all(claim["evidence"] for claim in made["claims"])

    def test_what_is_not_known_of_the_run_is_said(self):
        content = make_content()
        content["run"] |= {"command": None, "commit": None, "packages": {}}
        run = paper.content(**content)["run"]
        assert run["command"] == "(not known)"
        assert ["commit", "not known"] in run["facts"]["rows"]
        assert ["sarfusion", "1.2.3"] in run["facts"]["rows"]
        assert "envs/*.pin.txt" in run["versions"]


def test_numbers_as_people_write_them():
    assert percent(0.123) == "12.3\N{NO-BREAK SPACE}%"
    assert percent(0) == "0\N{NO-BREAK SPACE}%"
    assert percent(0.0001) == "< 0.1\N{NO-BREAK SPACE}%"
    assert whole(62465) == "62\N{NARROW NO-BREAK SPACE}465"
    assert [cell(text) for text in ("-0.0012", "-0.000", "nan", "CNN-x")] == [
        *("−0.0012", "0.000", "–", "CNN-x")
    ]
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"], "or") == "a, b or c"
    assert (counted(1, "site"), counted(3, "site")) == ("1 site", "3 sites")


def test_the_machine_is_described():
    machine = facts.machine()
    assert machine["processor"]
    assert machine["cores"] >= 1
    assert machine["memory_bytes"] is None or machine["memory_bytes"] > 2**20
