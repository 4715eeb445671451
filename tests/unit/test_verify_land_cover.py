"""Tables of land cover of another person, compared with those made here."""

import pandas as pd
import pytest
from land_cover_data import make_land_cover
from sarfusion.core.errors import StudyError
from sarfusion.verify import compared, scores, tolerances
from sarfusion.verify.expected import check_whole, every_model, rests_on
from sarfusion.verify.scores import LAND_COVER
from sarfusion.verify.tolerances import allowed
from verify_data import STUDY as OTHER_STUDY
from verify_data import write_table

NAME = "metrics/here/cloud_gap.land_cover.csv"
STUDY = OTHER_STUDY | {
    "sites": {"here": {"source": "simulated", "built_up": True}},
    "protocols": {"cloud_gap": {"models": ["unet"], "inputs": ["ratio"]}},
    "models": {"unet": {"network": "unet", "uncertainty": False}},
    "baselines": ["mean"],
}
MODELS = set(every_model(STUDY))
LIMITS = pd.DataFrame(
    [("cloud_gap", "gap", "iou", 1e-9, 1e-9)],
    columns=["protocol", "region", "metric", "recompute", "retrain"],
)


def make():
    return make_land_cover(indices=())


def read(folder, table):
    return scores.read(write_table(folder, table, NAME), LAND_COVER)


def row_of(table, method, metric="iou"):
    (index,) = table.index[(table["method"] == method) & (table["metric"] == metric)]
    return index


def compare(tmp_path, here, there, available=MODELS, same=MODELS):
    for folder, table in (("here", here), ("there", there)):
        write_table(tmp_path / folder, table, NAME)
    args = (tmp_path / "here", tmp_path / "there", available, same, LIMITS)
    (found,) = [one for one in compared.check_tables(STUDY, *args) if one.what == NAME]
    return found


def test_a_table_is_whole_or_not(tmp_path):
    table = make()
    check_whole(read(tmp_path, table), NAME, STUDY, "here", "cloud_gap")
    less = table.drop(index=row_of(table, "unet"))
    with pytest.raises(StudyError, match="no row of built_up, unet, ratio, gap, iou"):
        check_whole(read(tmp_path, less), NAME, STUDY, "here", "cloud_gap")
    more = pd.concat([table, table.head(1).assign(method="cae")])
    with pytest.raises(StudyError, match="an unexpected row of .*cae"):
        check_whole(read(tmp_path, more), NAME, STUDY, "here", "cloud_gap")


def test_a_row_rests_on_all_bands_and_seeds_of_its_network(tmp_path):
    table = read(tmp_path, make())
    behind = dict(
        zip(table.index.get_level_values("method"), rests_on(table, NAME, STUDY), strict=True)
    )
    assert behind["measured"] == behind["mean"] == set()
    assert behind["unet"] == MODELS


def test_some_pixels_may_pass_to_the_other_class_and_no_more(tmp_path):
    table, other = make(), make()
    assert compare(tmp_path, table, other).passed
    n = table.loc[row_of(table, "unet"), "n"]
    limit = tolerances.SAFETY / n
    assert allowed(read(tmp_path, table), LAND_COVER, LIMITS, ["recompute"] * len(table)).max() == (
        pytest.approx(limit)
    )
    other.loc[row_of(other, "unet"), "value"] += 0.9 * limit
    assert compare(tmp_path, table, other).passed
    other.loc[row_of(other, "unet"), "value"] += 0.2 * limit
    found = compare(tmp_path, table, other)
    assert not found.passed
    assert "iou of unet-ratio (here: cloud_gap, region gap, built_up)" in found.note


def test_maps_of_other_weights_are_not_compared(tmp_path):
    table, other = make(), make()
    other.loc[row_of(other, "unet"), "value"] += 0.1
    assert compare(tmp_path, table, other, same=set()).passed
    other.loc[row_of(other, "mean"), "value"] += 0.1
    assert not compare(tmp_path, table, other, same=set()).passed
