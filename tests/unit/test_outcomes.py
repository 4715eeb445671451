"""The README's table of results: from which files it is made, and that it is up to date."""

import json
from pathlib import Path

import pytest
from sarfusion.core.errors import StudyError
from sarfusion.show.outcomes import BEGIN, END, outcomes, with_outcomes
from state_outcomes import main

ROOT = Path(__file__).parents[2]
VERDICTS = """claim,text,band,verdict,reason
C1,First.,red,reproduced,
C1,First.,overall,{},
S1,Second.,overall,not shown,cannot tell
"""


def add_reference(folder, name, verdict, simulated):
    for path, text in (
        ("tables/claims.csv", VERDICTS.format(verdict)),
        ("scenes/here/scene.json", json.dumps({"simulated": simulated})),
    ):
        (folder / name / path).parent.mkdir(parents=True)
        (folder / name / path).write_text(text)


@pytest.fixture
def reference(tmp_path):
    """A town and a real place, as references, and a file that is not one."""
    folder = tmp_path / "reference"
    add_reference(folder, "a_town", "contradicted", simulated=True)
    add_reference(folder, "real_place", "reproduced", simulated=False)
    (folder / ".gitkeep").touch()
    return folder


def test_real_places_stand_before_simulated_ones(reference):
    table = outcomes(reference)
    assert list(table) == ["claim", "what it says", "real_place", "a_town (simulated)"]
    assert table.to_numpy().tolist() == [
        ["C1", "First.", "reproduced", "contradicted"],
        ["S1", "Second.", "not shown (cannot tell)", "not shown (cannot tell)"],
    ]


def test_a_claim_that_a_study_did_not_have_is_empty(reference):
    path = reference / "a_town/tables/claims.csv"
    path.write_text(path.read_text().replace("S1,", "S9,"))
    table = outcomes(reference).set_index("claim")
    assert table["real_place"].to_dict() == {
        "C1": "reproduced",
        "S1": "not shown (cannot tell)",
        "S9": "",
    }


def test_the_rest_of_the_page_stays(reference, tmp_path):
    page = tmp_path / "README.md"
    page.write_text(f"Before.\n\n{BEGIN}\nOld.\n{END}\n\nAfter.\n")
    main(page, reference)
    text = page.read_text()
    assert text.startswith(f"Before.\n\n{BEGIN}\n\n| claim |")
    assert text.endswith(f" |\n\n{END}\n\nAfter.\n")
    assert "Old." not in text
    main(page, reference)
    assert page.read_text() == text


def test_a_page_without_a_place_for_it_is_refused(reference):
    with pytest.raises(StudyError, match="no lines <!-- outcomes -->"):
        with_outcomes(f"{END}\n{BEGIN}", reference)


def test_the_readme_says_what_the_references_say():
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert with_outcomes(page, ROOT / "results/reference") == page
