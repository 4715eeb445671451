"""Forgeries of what people look at: figures, pages, the paper; every checksum was updated.

docs/forgeries.md has them in a table.
"""

import json
import shutil

import pandas as pd
import pytest
from collect_reference import main as collect
from forging import LIMITS, list_again, sum_up
from PIL import Image, ImageDraw
from sarfusion.core.files import write_csv
from sarfusion.study.config import read_study
from sarfusion.verify import crate, pages, unmade
from sarfusion.verify.models import usable_models
from sarfusion.verify.product import check_pictures, made_pictures
from stage_models import main as stage
from verify_results import claim_checks, own_checks

PROTOCOLS = "tests/studies/protocols.yaml"


def failures(checks):
    return {check.what: check.note for check in checks if not check.passed}


# Pictures


def change_a_digit(path):
    """Paint over a part of a figure that is as small as a digit."""
    with Image.open(path) as image:
        picture = image.convert("RGBA")
    ImageDraw.Draw(picture).rectangle((700, 700, 706, 710), fill="black", outline="white")
    picture.save(path)


def test_a_digit_in_a_figure_is_found(study, run, finished):
    for name in ("claims", "village_overview"):
        change_a_digit(run / f"figures/{name}.png")
    list_again(run)
    assert crate.is_drawn_alike(run)
    failed = {
        check.what: check.note
        for checks in (
            claim_checks(study, run, finished.results()),
            own_checks(study, finished.results(), run, LIMITS),
        )
        for check in checks
        if not check.passed and check.what.startswith("figures/")
    }
    assert failed.keys() == {"figures/claims.png", "figures/village_overview.png"}
    assert "another picture: " in failed["figures/claims.png"]
    assert "pixels differ" in failed["figures/claims.png"]


# Files that nothing makes again are named


def test_a_forged_paper_is_named_as_not_made_again(study, run, finished):
    (run / "paper.pdf").write_bytes(b"%PDF-1.7 C1 is reproduced")
    list_again(run)
    assert crate.check_crate(run, "tiny")  # the crate agrees
    usable = usable_models(study, run / "models")
    left = unmade.unmade_files(study, run, usable, finished.results())
    assert "paper.pdf" in left
    assert not {"figures/claims.pdf", "report/claims.html", "viewer/index.html"} & set(left)
    assert not {name for name in left if name.startswith(("tables/", "metrics/", "models/"))}
    assert "figures/village_overview.png" not in left
    words = unmade.sentence_on_unmade(left)
    assert "paper.pdf: typeset with the times and the machine of its run" in words
    assert "Nothing can check what is stated about the machine" in words
    # Without results of one's own, figures as PDF and the pixels of the viewer are named.
    left = unmade.unmade_files(study, run, usable, None)
    assert {"figures/claims.pdf", "viewer/index.html"} <= set(left)


def test_swapped_maps_of_a_reference_are_found(study, reference, finished):
    assert not failures(check_pictures(study, finished.results(), reference, LIMITS, False))
    maps = [reference / f"figures/village_reconstruction_{band}.png" for band in ("red", "green")]
    contents = [path.read_bytes() for path in maps]
    for path, content in zip(maps, reversed(contents), strict=True):
        path.write_bytes(content)
    sum_up(reference)
    found = failures(check_pictures(study, finished.results(), reference, LIMITS, False))
    assert found.keys() == {f"figures/{path.name}" for path in maps}
    assert all("another picture" in note for note in found.values())


def test_a_forged_page_of_the_report_is_found(study, run):
    assert len(pages.check_pages(study, run)) == 5
    assert not failures(pages.check_pages(study, run))
    path = run / "report/claims.html"
    path.write_text(path.read_text().replace("not tested", "reproduced", 1))
    list_again(run)
    found = failures(pages.check_pages(study, run))
    assert found.keys() == {"report/claims.html"}


def forge_score(text):
    """Change the first score of a network in the data of the viewer."""
    head, data, end = pages.DATA.split(text)
    data = json.loads(data)
    layer = next(layer for layer in data["layers"] if "/cnn-" in layer["id"])
    layer["scores"]["bands"]["red"]["rmse"] /= 2
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    return f'{head}<script type="application/json" id="study">{text}</script>{end}'


def forge_words(text):
    return text.replace('<h2 id="values-title">', '<h2 id="values-title">C1 is reproduced. ')


@pytest.mark.parametrize(
    ("forge", "message"),
    [
        (forge_score, "reconstruction/cnn-ratio: scores differ from the tables"),
        (forge_words, "not the page that the project makes from its data"),
    ],
)
def test_a_forged_viewer_is_found(study, run, forge, message):
    path = run / "viewer/index.html"
    text = path.read_text(encoding="utf-8")
    path.write_text(forge(text), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != text
    list_again(run)
    assert message in failures(pages.check_pages(study, run))["viewer/index.html"]


# The scenes without clouds


def test_the_picture_without_clouds_is_made_again(protocols, tmp_path):
    """Its figure and its table; forged ones are found."""
    study = read_study(protocols.folder / PROTOCOLS)
    reference, staged = tmp_path / "reference", tmp_path / "staged"
    collect(protocols.folder / PROTOCOLS, protocols.results("protocols"), reference)
    sent = list(reference.glob("models/village/cloud_gap/**/*.safetensors"))
    # Of the U-Net with two inputs: red with both seeds, the first seeds, and the method that fills.
    assert len(sent) == 2 * 4 + 2
    stage(protocols.folder / PROTOCOLS, reference, staged)
    names = ("place", "weights", "scores")
    code, printed = protocols.run_apart("pictures", staged, *names, study=PROTOCOLS)
    assert code == 0, printed
    again = staged / "run/results/protocols"
    tables, figures = made_pictures(study, reference)
    assert tables == ["tables/product.csv", "tables/product.md"]
    assert {path.name for path in (reference / "figures").glob("village_*.png")} == {
        *(name.removeprefix("figures/") for name in figures),
        *(f"village_{protocol}_training.png" for protocol in study["protocols"]),
    }
    assert not failures(check_pictures(study, again, reference, LIMITS, False))
    table = pd.read_csv(reference / tables[0])
    table.loc[table.query("region == 'clouds' and metric == 'rmse'").index[0], "value"] /= 2
    write_csv(reference / tables[0], table)
    shutil.copy(reference / "figures/village_overview.png", reference / figures[-1])
    found = failures(check_pictures(study, again, reference, LIMITS, False))
    assert found.keys() == {*tables, figures[-1]}
    assert "cells: 1 of column value differ; the first is rmse" in found[tables[0]]


def test_figures_of_a_reference_that_need_other_models_are_named(study, reference):
    assert "figures/village_reconstruction_blue.png" in made_pictures(study, reference)[1]
    for path in reference.glob("models/village/reconstruction/blue/*/seed1.safetensors"):
        path.unlink()
    sum_up(reference)
    usable = usable_models(study, reference / "models")
    left = unmade.unmade_files(study, reference, usable, None)
    of_blue = [f"figures/village_reconstruction_{name}.png" for name in ("blue", "composites")]
    assert set(of_blue) <= set(left)
    assert not {name for name in left if name.endswith(("red.png", "claims.png", "training.png"))}
    assert "figures/ (" in unmade.sentence_on_unmade(left)
    assert "with models that were not sent" in unmade.sentence_on_unmade(left)
    words = unmade.sentence_on_unmade([])
    assert words.startswith("Every file was recomputed or checked against the others.")
