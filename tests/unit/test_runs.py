"""What a study consists of."""

from pathlib import Path

from sarfusion.study.config import read_study
from sarfusion.study.runs import Runs

TRANSFER = Path(__file__).parents[1] / "studies/transfer.yaml"


def test_models_drawn_by_chance_are_of_their_site_and_protocol_in_the_order_of_all():
    study = read_study(TRANSFER)
    last, first, *_ = names = sorted(Runs(study).every_model(), key=lambda name: name[::-1])
    runs = Runs(study | {"spot": [last, first]})
    found = [
        f"{site}/{protocol}/{band}/{model}-{sar_input}/seed{seed}"
        for site in [*runs.sites, *runs.transfers]
        for protocol in runs.protocols
        for band, model, sar_input, seed in runs.spot_runs(site, protocol)
    ]
    assert found == [name for name in Runs(study).every_model() if name in names[:2]]


def test_a_study_that_draws_none_does_not_list_its_models(monkeypatch):
    runs = Runs(read_study(TRANSFER))
    monkeypatch.setattr(runs, "every_model", lambda: 1 / 0)
    assert [runs.spot_runs(site, "cloud_gap") for site in runs.sites] == [[], [], []]
