"""The README's pictures: what taking them requires, and what is taken."""

import os
import sys

import pytest
from reproduce_command import ROOT, environment

sys.path.insert(0, str(ROOT / "command"))

import pictures


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "ROOT", tmp_path)
    (tmp_path / "docs").mkdir()
    for path in [*pictures.FIGURES.values(), pictures.VIEWER]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(path.name.encode())
    return tmp_path


def give_browser(root, monkeypatch, script):
    browser = root / "chromium"
    browser.write_text(f"#!/bin/sh\n{script}\n")
    browser.chmod(0o755)
    monkeypatch.setenv("PATH", str(root), prepend=os.pathsep)


def test_figures_are_copied_and_the_viewer_is_photographed(root, monkeypatch):
    give_browser(
        root,
        monkeypatch,
        'for a; do case $a in --screenshot=*) echo "$@" > "${a#--screenshot=}";; esac; done',
    )
    pictures.main()
    for picture, figure in pictures.FIGURES.items():
        assert (root / picture).read_text() == figure.name
    address = (root / pictures.VIEWER).as_uri()
    assert (
        f"{address}#left=gapped&right=cloud_gap/unet-ratio"
        in (root / "docs/viewer.png").read_text()
    )


def test_without_results_or_a_browser_it_says_what_to_do(root, monkeypatch):
    monkeypatch.setenv("PATH", str(root))
    with pytest.raises(environment.Problem, match="no browser .*apt install chromium"):
        pictures.main()
    figure = pictures.FIGURES["docs/porto_velho.png"]
    (root / figure).rename(root / "away")
    with pytest.raises(environment.Problem, match=f"no {figure}; first: ./reproduce porto_velho"):
        pictures.main()
    (root / "away").rename(root / figure)
    (root / pictures.VIEWER).unlink()
    with pytest.raises(
        environment.Problem, match=r"no results/demo/viewer/index.html; first: \./repr"
    ):
        pictures.main()


def test_a_browser_that_fails_leaves_no_picture(root, monkeypatch):
    give_browser(root, monkeypatch, "echo boom; exit 3")
    with pytest.raises(environment.Problem, match="took no picture of .*boom"):
        pictures.main()
    assert not (root / "docs/viewer.png").exists()
