"""Two results folders of one study: their tables, fused rasters, weights, verdicts and figures."""

from itertools import product
from pathlib import Path

import pandas as pd

from ..core.errors import StudyError
from ..core.files import sha256
from ..study.methods import METHODS
from . import scores, tolerances
from .checks import check
from .expected import (
    check_whole,
    difference_tables,
    every_model,
    rests_on,
    score_tables,
    transfer_tables,
    weights_path,
)
from .files import plain_file
from .pixels import OTHER_WEIGHTS, SAME_DATA, compare_figures, compare_rasters

WEIGHT_SUMS = "weights.csv"  # of a reference: the sums of all weights, of which it holds a part
VERDICT = ["claim", "site", "band", "metric", "left", "right", "verdict"]
MOST_MB = 1000


def check_tables(study, here, there, at_hand, same, limits):
    """Return the checks of all tables of scores and of differences.

    at_hand: the models (names, see expected.every_model) whose scores there are made here.
    same: those with the same weights on both sides; the scores of others may differ as seeds do.
    """
    of_scores = [*score_tables(study), *transfer_tables(study)]
    return [
        check(table[0], _compare_table, study, table, here, there, at_hand, same, limits)
        for table in [*of_scores, *difference_tables(study)]
        if Path(here, table[0]).exists() or table in of_scores
    ]


def _compare_table(study, table, here, there, at_hand, same, limits):
    """Return the note on one table, compared as far as its rows rest on models at hand."""
    name, site, protocol = table
    if not Path(here, name).exists():
        raise StudyError("not made here: it could not be made of what is there; see above")
    form = scores.form_of(name)
    ours, theirs = (scores.read(Path(folder, name), form) for folder in (here, there))
    check_whole(theirs, str(Path(there, name)), study, site, protocol)
    whole = len(theirs)
    theirs = theirs[[models <= at_hand for models in rests_on(theirs, name, study)]]
    kinds = ["recompute" if models <= same else "retrain" for models in rests_on(ours, name, study)]
    note = scores.compare(ours, theirs, form, tolerances.allowed(ours, form, limits, kinds))
    return f"{note} ({len(theirs)} of {whole} rows)"


def check_fused(study, here, there, same, limits):
    """Return the checks of the fused rasters of each site and protocol, where `there` has any.

    Every raster that was made here must be there. same: as for check_tables.
    """
    pixel = limits[limits["metric"] == tolerances.PIXEL].set_index("protocol")
    sites = product(study["sites"], study["protocols"])
    folders = [(Path("fused", site, protocol), protocol) for site, protocol in sites]
    folders += [
        (Path("fused", *Path(name).with_suffix("").parts[1:]), protocol)
        for name, _, protocol in transfer_tables(study)
    ]
    checks = []
    for folder, protocol in folders:
        if Path(there, folder).exists():
            allowed = (
                pixel.loc[protocol] if protocol in pixel.index else pixel.max(numeric_only=True)
            )
            checks.append(check(str(folder), _compare_fused, folder, here, there, same, allowed))
    return checks


def _compare_fused(folder, here, there, same, allowed):
    """Return the note on the rasters of one folder. allowed: recompute and retrain."""
    largest, rasters = 0.0, sorted(Path(here, folder).rglob("*.tif"))
    for path in rasters:
        name = path.relative_to(here)
        *_, trained_at, protocol, band, method, seed = name.with_suffix("").parts
        run = "/".join([trained_at, protocol, band, method, seed.removesuffix(".full")])
        is_learned = method.rsplit("-", 1)[0] not in METHODS
        kind = "retrain" if is_learned and run not in same else "recompute"
        largest = max(largest, compare_rasters(path, Path(there, name), allowed[kind]))
    return f"{len(rasters)} rasters, largest difference {largest:.1e}"


def same_weights(study, here, there):
    """Return the names of the trained models that have the same weights in two folders."""
    sums = [_weight_sums(folder) for folder in (here, there)]
    found = set()
    for name in every_model(study):
        ours, theirs = (
            known.get(name) or _sum_of(weights_path(Path(folder, "models"), name))
            for known, folder in zip(sums, (here, there), strict=True)
        )
        if ours is not None and ours == theirs:
            found.add(name)
    return found


def _weight_sums(folder):
    """Return {name: sha256} of all weights that a reference knows, {} for a run."""
    path = Path(folder, WEIGHT_SUMS)
    if not path.exists():
        return {}
    try:
        table = pd.read_csv(plain_file(path, 10))
        return dict(zip(table["model"], table["sha256"], strict=True))
    except (StudyError, ValueError, KeyError):  # then none are known to be the same
        return {}


def _sum_of(path):
    """Return the sha256 of a file of weights, None where there is none."""
    try:
        return sha256(plain_file(path, MOST_MB))
    except (StudyError, OSError):
        return None


def compare_verdicts(here, there):
    """Return a note on two tables of verdicts that agree; StudyError names the first, if not."""
    ours, theirs = (read_verdicts(Path(folder, "tables/claims.csv")) for folder in (here, there))
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        if ours.get(key) != theirs.get(key):
            raise StudyError(
                f"{' '.join(filter(None, key))}: {ours.get(key, 'nothing')} here,"
                f" {theirs.get(key, 'nothing')} there"
            )
    return f"{sum('overall' in key for key in ours)} claims, the same verdicts"


def read_verdicts(path):
    """Return {(claim, site, band, metric, left, right): verdict}; StudyError for no such table."""
    try:
        table = pd.read_csv(plain_file(path, 10), dtype=str, keep_default_na=False)
        rows = table[VERDICT].to_numpy().tolist()
    except (ValueError, KeyError) as error:
        raise StudyError(f"{path}: not a table of verdicts ({error})") from None
    return {tuple(key): verdict for *key, verdict in rows}


def check_figures(here, there, same_data):
    """Return the checks of all figures (PNG) that were made here.

    same_data: whether they show the same models, and must look the same.
    """
    most = SAME_DATA if same_data else OTHER_WEIGHTS
    return [
        check(
            f"figures/{path.name}", compare_figures, path, Path(there, "figures", path.name), most
        )
        for path in sorted(Path(here, "figures").glob("*.png"))
    ]
