"""The data of the paper: a run's results as texts, by the names that paper/paper.typ uses.

All numbers are formatted in this package, so that the template contains none.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ...scoring.decision import OVERALL
from ...scoring.land_cover import BUILT_UP
from ...study.indices import INDICES
from ...study.inputs import in_order, input_of
from ...study.protocols import PROTOCOLS
from ..products import sentences
from ..readings import matrix, verdicts_by_reading
from ..readings import sentences as reading_sentences
from .findings import lowest_errors, ratio_effects
from .land_cover import map_sentences
from .levels import uncertainty_sentence
from .limits import limits
from .methods import constants, used_baselines, used_models, used_over_time
from .run import describe_run
from .sites import marks, place_words, sites_table
from .tables import claims_table, land_cover_table, models_table, score_tables, uncertainty_table
from .texts import as_table, listed
from .verdicts import copying_note, evidence_sentences, gap_meaning, verdict_sentences
from .wording import plate_caption, protocol_texts, question

KNOWN_NETWORKS = ("cnn", "cae", "unet")  # described in the template


def content(
    *,
    study: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    claims: Mapping[str, Mapping[str, Any]],
    scenes: Mapping[str, Mapping[str, Any]],
    stacks: Mapping[str, Mapping[str, Any]],
    shown: Sequence[str],
    figures: Sequence[str],
    plates: Sequence[tuple[str, str, str, str]],
    sums: Sequence[tuple[str, int, str]],
    run: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the data of the template as plain lists, texts and dictionaries.

    study: its settings. tables: "summary", "verdicts", "readings", "models", "times",
    "differences", "uncertainties", "land_cover" and "products" (empty if the study has none).
    claims: as scoring.claims.load returns them.
    scenes, stacks: {site: content of its scene.json, of its stack/SITE.json}. shown: sites with
    figures. figures: names of files. plates: (figure, kind, protocol, site) of the figures of
    protocols, in their order. sums: (path, bytes, SHA-256) of files. run: "command", "version"
    (of this project), "commit", "engine" (version of Snakemake), "packages" ({name: version}) and
    "machine" (see provenance.facts); unknown values are None.
    """
    table = tables["verdicts"].fillna({"reason": ""})
    overall = table[table["band"] == OVERALL]
    verdicts = {row["claim"]: (row["text"], row["verdict"]) for row in overall.to_dict("records")}
    (smallest,) = {claim["smallest_effect"] for claim in claims.values()}
    numbers = constants(study, stacks, smallest)
    protocols = list(study["protocols"])
    by_reading = verdicts_by_reading(tables["readings"])
    mark, note = marks(scenes)
    networks = used_models(study)
    inputs = in_order(i for cut in study["protocols"].values() for i in cut["inputs"])
    controls = [control for name in inputs if (control := input_of(name).control)]
    differences = tables["differences"].to_dict("records")
    tests = table[table["band"] != OVERALL]
    effects = {name: ratio_effects(differences, name) for name in protocols}
    return {
        "title": "What does a radar ratio add to optical bands?",
        "study": study["study"],
        "subtitle": f"The study {study['study']}, on {place_words(scenes)}",
        "mark": mark,
        "note": note,
        "place": place_words(scenes),
        "question": question(protocols, numbers),
        "verdicts": verdict_sentences(verdicts),
        "copying": copying_note(verdicts, claims, study["baselines"]),
        "worth": [sentence for sentences in effects.values() for sentence in sentences],
        "meaning": gap_meaning(verdicts, claims),
        "claims": [
            {
                "name": name,
                "text": text,
                "verdict": verdict,
                "measured": claims[name].get("measured", ""),
                "evidence": evidence_sentences(
                    tests[tests["claim"] == name].to_dict("records"), claims[name]["needs"]
                ),
            }
            for name, (text, verdict) in verdicts.items()
        ],
        "numbers": numbers,
        "protocols": protocols,
        "networks": networks,
        "other_networks": [name for name in networks.values() if name not in KNOWN_NETWORKS],
        "inputs": listed([input_of(name).noun for name in inputs], "or"),
        "controls": listed(controls).capitalize(),
        "baselines": listed(used_baselines(tables["summary"])),
        "over_time": listed(used_over_time(tables["summary"])),
        "sites": sites_table(study, scenes, stacks),
        "shown_sites": shown,
        "all_shown": len(shown) == len(scenes),
        "models": models_table(tables["models"]),
        "averaged": "sites, bands and seeds" if len(scenes) > 1 else "bands and seeds",
        "results": [
            {
                "protocol": protocol,
                **protocol_texts(protocol, numbers),
                "plates": [
                    {
                        "file": f"{name}.pdf",
                        "of_site": bool(site),
                        "caption": plate_caption(kind, protocol, site, numbers),
                    }
                    for name, kind, of, site in plates
                    if of == protocol
                ],
                "sentences": [
                    *filter(None, [lowest_errors(tables["summary"], protocol)]),
                    *effects[protocol],
                ],
                "tables": score_tables(tables["summary"], protocol, numbers),
                "uncertainty": {
                    "table": uncertainty_table(tables["uncertainties"], protocol),
                    "sentence": uncertainty_sentence(tables["uncertainties"], protocol),
                },
                "land_cover": {
                    "table": land_cover_table(of_protocol(tables["land_cover"], protocol)),
                    "sentences": map_sentences(of_protocol(tables["land_cover"], protocol)),
                },
            }
            for protocol in protocols
        ],
        "products": [] if tables["products"].empty else sentences(tables["products"]),
        "pictures": [f"{name}.pdf" for name, kind, *_ in plates if kind == "cloud_free"],
        "full_scale": [name for name in protocols if PROTOCOLS[name].full_scale],
        "distances": [f"{name}.pdf" for name, kind, *_ in plates if kind == "gap_distance"],
        "uncertain": len(tables["uncertainties"]) > 0,
        "mapped": bool((tables["land_cover"]["band"] == BUILT_UP).any()),
        "indexed": bool(tables["land_cover"]["band"].isin(INDICES).any()),
        "tests": claims_table(table),
        "readings": {
            "table": as_table(matrix(by_reading), left=None) if by_reading else None,
            "sentences": reading_sentences(by_reading),
        },
        "limits": limits(study, scenes, stacks, verdicts),
        "figures": figures,
        "run": describe_run(run, tables["times"], sums),
    }


def of_protocol(table: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """Return the rows of a table for a protocol."""
    return table[table["protocol"] == protocol]
