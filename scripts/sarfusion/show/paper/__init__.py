"""The data of the paper: a run's results as texts, by the names that paper/paper.typ uses.

All numbers are formatted in this package, so that the template contains none.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ...scoring.claims import OVERALL
from ...study.inputs import INPUTS
from ...study.protocols import PROTOCOLS
from .findings import lowest_errors, ratio_effects
from .limits import limits
from .methods import constants, used_baselines, used_models
from .run import describe_run
from .sites import marks, place_words, sites_table
from .tables import claims_table, models_table, score_tables
from .texts import listed
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

    study: its settings. tables: "summary", "verdicts", "models", "times", "differences". claims:
    as scoring.claims.load returns them. scenes, stacks: {site: content of its scene.json, of its
    stack/SITE.json}. shown: sites with figures. figures: names of files. plates: (figure, kind,
    protocol, site) of the figures of protocols, in their order. sums: (path, bytes, SHA-256) of
    files. run: "command", "commit", "engine" (version of Snakemake), "packages" ({name: version})
    and "machine" (see provenance.facts); unknown values are None.
    """
    table = tables["verdicts"].fillna({"reason": ""})
    overall = table[table["band"] == OVERALL]
    verdicts = {row["claim"]: (row["text"], row["verdict"]) for row in overall.to_dict("records")}
    numbers = constants(study, stacks)
    protocols = list(study["protocols"])
    mark, note = marks(scenes)
    networks = used_models(study)
    inputs = list(dict.fromkeys(i for cut in study["protocols"].values() for i in cut["inputs"]))
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
        "inputs": listed([INPUTS[name].noun for name in inputs], "or"),
        "shuffled": any(INPUTS[name].shuffled for name in inputs),
        "baselines": listed(used_baselines(tables["summary"])),
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
            }
            for protocol in protocols
        ],
        "full_scale": [name for name in protocols if PROTOCOLS[name].full_scale],
        "distances": [f"{name}.pdf" for name, kind, *_ in plates if kind == "gap_distance"],
        "tests": claims_table(table),
        "limits": limits(study, scenes, stacks, verdicts),
        "figures": figures,
        "run": describe_run(run, tables["times"], sums),
    }
