"""The tables of uncertainties that people read."""

import numpy as np
import pandas as pd
from sarfusion.show.uncertainty import full_table, short_table
from tabulate_uncertainty import main
from uncertainty_data import make_uncertainties


def row(table, **about):
    (found,) = table[(table[list(about)] == list(about.values())).all(axis=1)].to_dict("records")
    return found


def test_a_row_by_hand():
    made = make_uncertainties()
    table = full_table(made)
    assert "site" not in table
    assert len(table) == 3 * (2 * 3 + 2)
    calibrated = row(table, band="red", method="U-Net, with ratio", uncertainty="calibrated")
    assert calibrated["in 95 %"] == "0.950 (0.940 to 0.960)"
    assert (calibrated["in 50 %"], calibrated["factor"]) == ("0.500", "1.30")
    assert (calibrated["width of 95 %"], calibrated["CRPS"]) == ("0.0800", "0.0110")
    alone = row(table, band="red", method="CNN, with ratio", uncertainty="seeds alone")
    assert (alone["in 95 %"], alone["factor"]) == ("0.857", "")
    assert list(table["uncertainty"][:3]) == ["seeds alone", "network and seeds", "calibrated"]


def test_sites_are_told_apart_and_many_are_averaged():
    few = full_table(make_uncertainties(sites=("a", "b")))
    assert list(few["site"].unique()) == ["a", "b"]
    sites = tuple(f"site{number}" for number in range(8))
    many = make_uncertainties(sites=sites, bands=["red"])
    many.loc[many["site"] == "site0", "value"] *= 0
    table = full_table(many)
    assert "site" not in table
    found = row(table, band="red", method="U-Net, with ratio", uncertainty="calibrated")
    assert found["in 95 %"] == f"{0.95 * 7 / 8:.3f}"


def test_the_short_table_has_a_row_per_method_and_kind():
    table = short_table(make_uncertainties())
    assert len(table) == 2 * 3 + 2
    assert "band" not in table


def test_what_is_not_known_is_said(tmp_path):
    made = make_uncertainties(sites=("a",), bands=["red"])
    made.loc[made["uncertainty"] == "calibrated", ["value", "low", "high"]] = np.nan
    table = full_table(made)
    found = row(table, method="U-Net, with ratio", uncertainty="calibrated")
    assert (found["in 95 %"], found["factor"]) == ("unknown", "unknown")
    assert set(short_table(made)["factor"]) == {"", "unknown"}


def test_the_tables_of_all_sites_are_one(tmp_path):
    paths = []
    for site in ("a", "b"):
        paths.append(tmp_path / f"{site}.csv")
        make_uncertainties(sites=(site,)).to_csv(paths[-1], index=False)
    missing = {"c": {"rule": "import_scene", "reason": "cut short", "log": "a.log"}}
    out = {"csv": tmp_path / "all.csv", "md": tmp_path / "all.md"}
    main(uncertainties=paths, missing=missing, **out)
    whole = pd.read_csv(out["csv"])
    assert whole.equals(pd.concat(map(pd.read_csv, paths), ignore_index=True))
    page = out["md"].read_text()
    assert "**Without 1 site:**\n\n- c: import_scene failed (cut short; log: a.log)" in page
    assert "| a      | red    | U-Net, with ratio" in page
    assert "nan" not in page
