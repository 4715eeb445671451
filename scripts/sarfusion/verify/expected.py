"""What the results of a study must contain: the names of its files and the rows of each table."""

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

from ..core.errors import StudyError
from ..scenes.bands import BANDS
from ..scoring.definitions import CALIBRATED, ENSEMBLE, SCALE, SEEDS_ALONE
from ..scoring.land_cover import BUILT_UP, INDEX_METRICS, MAP_METRICS, MEASURED, SHARE
from ..scoring.metrics import COMPARED_METRICS
from ..scoring.uncertainty import METRICS as UNCERTAINTY_METRICS
from ..study.layout import Layout
from ..study.methods import METHODS, TRUE_IMAGE
from ..study.model_files import model_name
from ..study.protocols import FULL
from ..study.resolved import transfers
from .scores import DIFFERENCES, LAND_COVER, UNCERTAINTIES, form_of

Study = Mapping[str, Any]
Table = tuple[str, str, str]
TRIPLE = "rgb"  # the band of scores of all three bands together
RUN = ["band", "method", "input", "seed"]
TRUE_RUN = (TRUE_IMAGE, "none", 0)
PAIR = ["band", "left_method", "left_input", "right_method", "right_input"]


def score_tables(study: Study) -> list[Table]:
    """Return (name, site, protocol) of the tables of scores, in the order of metrics.csv."""
    return [(name, *about) for name, about in Layout(study).score_tables().items()]


def transfer_tables(study: Study) -> list[Table]:
    """Return (name, site, protocol) of the tables of scores of transferred models."""
    found = Layout(study).transfer_tables().items()
    return [(name, site, protocol) for name, (site, protocol, _) in found]


def difference_tables(study: Study) -> list[Table]:
    """Return (name, site, protocol) of the tables of differences, in the order of the claims."""
    return [(name, *about) for name, about in Layout(study).difference_tables().items()]


def uncertainty_tables(study: Study) -> list[Table]:
    """Return (name, site, protocol) of the tables of uncertainties, in order."""
    return [(name, *about) for name, about in Layout(study).uncertainty_tables().items()]


def land_cover_tables(study: Study) -> list[Table]:
    """Return (name, site, protocol) of the tables of land cover from filled gaps, in order."""
    return [(name, *about) for name, about in Layout(study).land_cover_tables().items()]


def every_table(study: Study) -> list[Table]:
    """Return (name, site, protocol) of all tables above."""
    return [
        *score_tables(study),
        *transfer_tables(study),
        *difference_tables(study),
        *uncertainty_tables(study),
        *land_cover_tables(study),
    ]


def every_model(study: Study) -> dict[str, dict[str, Any]]:
    """Return {name: identity} of every trained model; the name is its path without suffix.

    The site of a transferred model is its transfer's folder.
    """
    return Layout(study).every_model()


def rests_on(table, name, study):
    """Return the set of the trained models behind each row of a table (scores.read).

    name: path of the table; its folder has the name of the models' site or transfer.
    """
    # Rows that differ only in region and metric have the same models.
    columns = [column for column in table.index.names if column not in ("region", "metric")]
    kinds, distinct = table.index.droplevel(["region", "metric"]).factorize()
    place = Path(name).parent.name
    behind = [
        _models_behind(dict(zip(columns, kind, strict=True)), place, study) for kind in distinct
    ]
    return [behind[kind] for kind in kinds]


def _models_behind(row, trained_at, study):
    place = (trained_at, row["protocol"])
    if "uncertainty" in row:
        run = (row["band"], row["method"], row["input"])
        return {model_name(*place, *run, seed) for seed in study["seeds"]}
    if "left_method" in row:
        sides = [(row[f"{side}_method"], row[f"{side}_input"]) for side in ("left", "right")]
        return {
            model_name(*place, row["band"], *side, seed)
            for side in sides
            if side[0] not in METHODS
            for seed in study["seeds"]
        }
    if row["method"] in (*METHODS, MEASURED, TRUE_IMAGE):
        return set()
    if "seed" not in row:  # rows of land cover need all bands and seeds
        runs = product(study["bands"], [row["method"]], [row["input"]], study["seeds"])
        return {model_name(*place, *run) for run in runs}
    bands = BANDS if row["band"] == TRIPLE else [row["band"]]
    return {model_name(*place, band, row["method"], row["input"], row["seed"]) for band in bands}


def check_whole(table, name, study, site, protocol):
    """Raise StudyError unless a table (scores.read) has exactly the study's runs, each complete.

    All runs of a table are scored alike: in the same regions, by the same metrics.
    """
    for column, wanted in (("study", study["study"]), ("site", site), ("protocol", protocol)):
        found = set(table.index.get_level_values(column)) - {wanted}
        if found:
            raise StudyError(f"{name}: a row has {column} {found.pop()!r}, not {wanted!r}")
    if form_of(name) is UNCERTAINTIES:
        _check_uncertainties(table, name, study, protocol)
        return
    if form_of(name) is LAND_COVER:
        _check_land_cover(table, name, study, site, protocol)
        return
    if form_of(name) is DIFFERENCES:
        keys, wanted = PAIR, _comparisons(study, protocol)
        metrics = set(table.index.get_level_values("metric"))
        named = {name for name, metric in COMPARED_METRICS.items() if metric.scope == "band"}
        lacking = named - metrics if wanted else ()
        if lacking:
            raise StudyError(f"{name}: no row of {min(lacking)}")
    else:
        baselines = [] if Path(name).parent.name in transfers(study) else study["baselines"]
        triples = not Path(name).stem.endswith(FULL)
        keys, wanted = RUN, _runs(study, protocol, baselines, triples)
        if not triples and Layout(study).truth(site):
            wanted |= {(band, *TRUE_RUN) for band in study["bands"]}
    rows: dict[tuple, set[tuple[str, str]]] = {}
    for *key, region, metric in table.index.to_frame()[[*keys, "region", "metric"]].to_numpy():
        rows.setdefault(tuple(key), set()).add((region, metric))
    for run in sorted(wanted ^ rows.keys()):
        problem = "no row of" if run in wanted else "unexpected rows of"
        raise StudyError(f"{name}: {problem} {', '.join(map(str, run))}")
    for is_triple in (True, False):
        alike = {run: found for run, found in rows.items() if (run[0] == TRIPLE) == is_triple}
        first = next(iter(alike.values())) if alike else set()
        for run, found in alike.items():
            if run[1:] == TRUE_RUN:  # the truth has no score against itself
                found = found | {score for score in first if score[0] == "truth"}
            for region, metric in sorted(found ^ first):
                raise StudyError(
                    f"{name}: {metric} of region {region} is not listed for all runs;"
                    f" compare {', '.join(map(str, run))} with the first run"
                )


def _check_uncertainties(table, name, study, protocol):
    """Raise StudyError unless a table of uncertainties has exactly the rows of each method."""
    layout = Layout(study)
    wanted = set()
    for run in layout.uncertainty_runs(protocol):
        kinds = [CALIBRATED]
        kinds += [SEEDS_ALONE] if len(study["seeds"]) > 1 else []
        kinds += [ENSEMBLE] if run[1] in layout.uncertain_models else []
        wanted |= {
            (*run[:3], k, "gap", metric) for k, metric in product(kinds, UNCERTAINTY_METRICS)
        }
        wanted.add((*run[:3], CALIBRATED, "validation", SCALE))
    _check_rows(table, name, wanted, ["band", "method", "input", "uncertainty", "region", "metric"])


def _check_land_cover(table, name, study, site, protocol):
    """Raise StudyError unless a table of land cover has exactly the rows of each method."""
    layout = Layout(study)
    runs = dict.fromkeys(run[1:3] for run in layout.land_cover_runs(protocol))
    rows = [(MEASURED, "none"), *runs]
    wanted = {
        (name, *run, "gap", metric)
        for name, run, metric in product(layout.indices, runs, INDEX_METRICS)
    }
    if layout.built_up(site):
        wanted |= {(BUILT_UP, *row, "gap", metric) for row, metric in product(rows, MAP_METRICS)}
        wanted.add((BUILT_UP, MEASURED, "none", "gap", SHARE))
    _check_rows(table, name, wanted, ["band", "method", "input", "region", "metric"])


def _check_rows(table, name, wanted, columns):
    """Raise StudyError unless the rows of a table, in these columns, are those `wanted`."""
    rows = set(table.index.to_frame()[columns].itertuples(index=False, name=None))
    for row in sorted(wanted ^ rows):
        problem = "no row of" if row in wanted else "an unexpected row of"
        raise StudyError(f"{name}: {problem} {', '.join(row)}")


def _runs(study, protocol, baselines, triples):
    """Return the set of (band, method, input, seed) in a table of scores."""
    cut = study["protocols"][protocol]
    names = [name for name in baselines if METHODS[name].protocol == protocol]
    bands = [*study["bands"]]
    if triples and set(bands) >= set(BANDS):
        bands.append(TRIPLE)
    return {
        *product(bands, cut["models"], cut["inputs"], study["seeds"]),
        *((band, name, METHODS[name].input, 0) for band, name in product(bands, names)),
    }


def _comparisons(study, protocol):
    """Return the set of PAIR in a table of differences."""
    pairs = Layout(study).comparisons(protocol)
    return {(band, *pair) for band, pair in product(study["bands"], pairs)}
