"""What the paper is filled with: a run's tables and files as texts, by the names that
paper/paper.typ asks for.

Numbers become text here and nowhere else, so that the template needs none.
"""

from ...scoring.claims import OVERALL
from ...study.inputs import INPUTS
from ...study.methods import method_label
from ...study.protocols import PROTOCOLS
from . import prose
from .limits import limits
from .methods import constants, used_baselines, used_models
from .sites import marks, sites_table
from .tables import claims_table, models_table, score_tables
from .texts import listed, number, table_of, whole

KNOWN_NETWORKS = ("cnn", "cae", "unet")  # the template tells what these are


def content(*, study, tables, claims, scenes, stacks, shown, figures, plates, sums, run):
    """Return all that the template asks for, as plain lists, texts and dictionaries.

    study: its settings. tables: {"summary", "verdicts", "models", "times", "differences"}, data
    frames. claims: as sarfusion.scoring.claims.load gives them. scenes, stacks: {site: content of
    scene.json, of stack/SITE.json}. shown: sites with figures. figures: names of files.
    plates: (figure, kind, protocol, site) of those of protocols, in their order. sums:
    [(path, bytes, SHA-256)]. run: {"command", "commit", "engine", "packages", "machine"} (see
    sarfusion.provenance); command and commit are None where they are not known.
    """
    verdicts = tables["verdicts"].fillna({"reason": ""})
    overall = verdicts[verdicts["band"] == OVERALL]
    judged = {row["claim"]: (row["text"], row["verdict"]) for row in overall.to_dict("records")}
    numbers = constants(study, stacks)
    protocols = list(study["protocols"])
    mark, note = marks(scenes)
    networks = used_models(study)
    inputs = list(dict.fromkeys(i for cut in study["protocols"].values() for i in cut["inputs"]))
    differences = tables["differences"].to_dict("records")
    tests = verdicts[verdicts["band"] != OVERALL]
    return {
        "title": "What does a radar ratio add to optical bands?",
        "study": study["study"],
        "subtitle": f"The study {study['study']}, on {prose.place_words(scenes)}",
        "mark": mark,
        "note": note,
        "place": prose.place_words(scenes),
        "question": prose.question(protocols, numbers),
        "verdicts": prose.verdict_sentences(judged),
        "copying": prose.copying(judged, claims, study["baselines"]),
        "worth": [text for protocol in protocols for text in prose.worth(differences, protocol)],
        "meaning": prose.meaning(judged, claims),
        "claims": [
            {
                "name": name,
                "text": text,
                "verdict": verdict,
                "found": prose.found(
                    tests[tests["claim"] == name].to_dict("records"), claims[name]["needs"]
                ),
            }
            for name, (text, verdict) in judged.items()
        ],
        "numbers": numbers,
        "protocols": protocols,
        "networks": networks,
        "other_networks": [name for name in networks.values() if name not in KNOWN_NETWORKS],
        "inputs": listed([INPUTS[name].noun for name in inputs], "or"),
        "shuffled": any(INPUTS[name].shuffled for name in inputs),
        "baselines": listed_or_nothing(used_baselines(tables["summary"])),
        "sites": sites_table(study, scenes, stacks),
        "shown_sites": shown,
        "all_shown": len(shown) == len(scenes),
        "models": models_table(tables["models"]),
        "averaged": "sites, bands and seeds" if len(scenes) > 1 else "bands and seeds",
        "results": [
            {
                "protocol": protocol,
                **prose.protocol_texts(protocol, numbers),
                "plates": [
                    {
                        "file": f"{name}.pdf",
                        "of_site": bool(site),
                        "caption": prose.plate_caption(kind, protocol, site, numbers),
                    }
                    for name, kind, of, site in plates
                    if of == protocol
                ],
                "said": [
                    text
                    for text in (
                        prose.best(tables["summary"], protocol),
                        *prose.worth(differences, protocol),
                    )
                    if text
                ],
                "tables": score_tables(tables["summary"], protocol, numbers),
            }
            for protocol in protocols
        ],
        "full_scale": [name for name in protocols if PROTOCOLS[name].full_scale],
        "distances": [f"{name}.pdf" for name, kind, *_ in plates if kind == "gap_distance"],
        "tests": claims_table(verdicts),
        "limits": limits(study, scenes, stacks, judged),
        "figures": figures,
        "run": describe_run(run, tables["times"], sums),
    }


def listed_or_nothing(words):
    """Return words as a list in a sentence, "" of none."""
    return listed(words) if words else ""


def describe_run(run, times, sums):
    """Return what was run, on what, and the checksums of its files."""
    machine = run["machine"]
    facts = {
        "commit": run["commit"] or "not known",
        "Snakemake": run["engine"],
        "system": machine["system"],
        "processor": machine["processor"],
        "cores": str(machine["cores"]),
        "memory": f"{number(machine['memory_bytes'] / 2**30)} GiB"
        if machine["memory_bytes"]
        else "not known",
        "trained on": listed_or_nothing(sorted(set(times["device"]))) or "nothing",
    }
    versions = ", ".join(f"{name} {version}" for name, version in run["packages"].items())
    return {
        "command": run["command"] or "(not known)",
        "facts": table_of(
            ["", "of the run and of the machine that typeset this paper"],
            [list(row) for row in facts.items()],
        ),
        "versions": f"{versions}."
        if versions
        else "Each job ran in the conda environment of its rule, whose pin (envs/*.pin.txt) names"
        " every version.",
        "times": table_of(
            ["protocol", "method", "trainings", "mean (s)", "shortest", "longest"],
            [
                [
                    row["protocol"].replace("_", " "),
                    method_label(row["model"], row["input"]),
                    whole(row["models"]),
                    *(f"{row[key]:.1f}" for key in ("mean", "min", "max")),
                ]
                for row in times.to_dict("records")
            ],
            left=2,
        ),
        "sums": table_of(
            ["file", "bytes", "SHA-256"],
            [[path, whole(size), digest] for path, size, digest in sums],
            left=1,
            names=[2],
        ),
    }
