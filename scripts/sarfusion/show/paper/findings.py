"""Sentences on scores and differences: what the ratio changes, and which methods are best."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ...study.inputs import TESTED, input_of
from ...study.methods import METHODS, method_name
from ...study.protocols import HEADLINE, PROTOCOLS
from .texts import counted, listed
from .wording import run_words

Difference = Mapping[str, Any]  # a row of compare_methods


def ratio_effects(differences: Sequence[Difference], protocol: str) -> list[str]:
    """Return sentences on how the ratio changes the RMSE of each network in a protocol.

    A band (at a site) counts as lower or higher only if its interval excludes zero.
    """
    by_reference: dict[str, dict[str, list[Difference]]] = {}
    for row in differences:
        is_headline = row["protocol"] == protocol and row["region"] == HEADLINE[protocol]
        is_effect = row["left_method"] == row["right_method"] and row["left_input"] == TESTED
        if is_headline and is_effect and row["metric"] == "rmse":
            networks = by_reference.setdefault(row["right_input"], {})
            networks.setdefault(row["left_method"], []).append(row)
    sentences = []
    for reference, networks in by_reference.items():
        effects = listed([_effect(name, rows) for name, rows in networks.items()])
        sentences.append(
            f"{PROTOCOLS[protocol].where}, compared with the same network"
            f" {input_of(reference).phrase}, the ratio makes the error {effects}."
        )
    return sentences


def _effect(method: str, rows: Sequence[Difference]) -> str:
    """Return e.g. "lower in 2 and higher in 1 of 3 bands for the U-Net"."""
    several_sites = len({row["site"] for row in rows}) > 1
    names = ("case", "cases (sites and bands)") if several_sites else ("band",)
    total = counted(len(rows), *names)
    lower, higher = sum(row["high"] < 0 for row in rows), sum(row["low"] > 0 for row in rows)
    network = f"for the {method_name(method)}"
    if not lower + higher:
        return f"neither clearly lower nor clearly higher in any of {total} {network}"
    counts = [f"{word} in {n}" for word, n in (("lower", lower), ("higher", higher)) if n]
    return f"{listed(counts)} of {total} {network}"


def lowest_errors(summary: pd.DataFrame, protocol: str) -> str:
    """Return a sentence on the lowest RMSE, averaged over bands, of networks and other methods.

    summary: the table of means over seeds (see show.tables.summarise). Copy is ignored: where the
    given band is the target, it is perfect by definition. "" without scores.
    """
    chosen = summary[
        (summary["protocol"] == protocol)
        & (summary["region"] == HEADLINE[protocol])
        & (summary["metric"] == "rmse")
        & (summary["method"] != "copy")
    ].dropna(subset=["mean"])
    means = chosen.groupby(["method", "input"], sort=False)["mean"].mean().to_dict()
    parts = []
    for kind, classical in (("networks", False), ("methods without training", True)):
        errors = {run: mean for run, mean in means.items() if (run[0] in METHODS) == classical}
        if errors:
            run = min(errors, key=lambda run: errors[run])
            name = method_name(run[0]) if classical else run_words("-".join(run))
            parts.append(f"among {kind}, {name} has the lowest error (RMSE {errors[run]:.4f})")
    if not parts:
        return ""
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}, mean over bands."
