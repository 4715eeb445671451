"""An envelope as Markdown."""

from collections.abc import Sequence

import pandas as pd

from ..show.tables import as_text
from ..study.protocols import HEADLINE
from .envelope import SEEDS, TRAINED_BFLOAT16
from .scores import PLACE
from .tolerances import (
    COUNTS,
    FLOOR,
    FUSED_BFLOAT16,
    HISTOGRAMS,
    OTHER_SEED,
    PIXEL,
    SAFETY,
    SAME_WEIGHTS,
    TIMES_N,
    TRAINED_AGAIN,
    TWICE,
)

SHOWN = ("rmse", "ssim", "uiqi", "cc", "ergas")
NOTE = """\
How far the numbers of the demo move when nothing that matters to science is changed: a repeated
run, other numbers of threads, other instruction sets (SSE4, AVX2, AVX-512; newer ones are switched
off in PyTorch, oneDNN, OpenBLAS and NumPy), and a GPU if there was one. What the machine did not
have has no column, unless another machine measured it (`./reproduce envelope VARIANT`). A movement
has no direction: it is the same whichever of two instruction sets made the results. `same weights`:
the models of the demo, fused and scored again, and the methods without training. `trained again`:
each kind of model, for one band and seed. `other seed`: the largest difference between two seeds of
one model and band, to compare the other columns with. 0 means equal to the last bit. bfloat16
products change what is computed, so they are measured separately, on a processor that has the
instructions; the default is float32. No tolerance depends on training with them
(`training.precision`). A study that fuses with them (`fusing.precision`) is verified with
tolerances that follow from the movements `fused with bfloat16 products`, in place of `same weights`
where they are larger: two machines each differ from float32 by about as much.

Tolerances (`tolerances.csv`) are these movements times a margin. With the same weights, it is
{safety} times the metric's largest movement anywhere, and at least {floor}. For weights that were
trained again, it is {twice} times the largest difference between seeds, or of a model trained again
in that region. The entropy is counted in bins, and jumps as values pass the edge of a bin: its
movement counts in its own region, and of n values it may move by {bits} / n bits, if that is more
({safety} times the largest n times movement). The coverage of an interval moves by whole pixels,
and may move by {pixels} of n in the same way. Each other score is a mean over n pixels or windows,
and rounding moves it most where n is small: it may move by {safety} times the largest movement
times sqrt(n), divided by its own sqrt(n), if that is more.

Weights: how many of the models that were trained again have the same bytes, and how far the others
are from those of the demo, relative to their norm.
"""


def as_markdown(table: pd.DataFrame, weights: pd.DataFrame) -> str:
    """Return an envelope as Markdown: headline scores and pixels, then weights.

    table, weights: see envelope.measure.
    """
    shown = table[
        [
            metric == PIXEL or (region == HEADLINE[protocol] and metric in SHOWN)
            for protocol, region, metric in table[list(PLACE)].to_numpy()
        ]
    ]
    wide = shown.pivot_table(
        index=["protocol", "metric"], columns=["kind", "variant"], values="moved", sort=False
    )
    bits, pixels = (_largest_times_n(table, metrics) for metrics in (HISTOGRAMS, COUNTS))
    note = NOTE.format(
        safety=SAFETY,
        twice=TWICE,
        floor=f"{FLOOR:.0e}",
        bits=f"{SAFETY * bits:.2g}",
        pixels=f"{SAFETY * max(1, pixels):.0f}",
    )
    parts = ["# How far results move", note]
    for kind in (SAME_WEIGHTS, TRAINED_AGAIN, FUSED_BFLOAT16, TRAINED_BFLOAT16):
        if kind not in wide:
            continue
        of_kind = wide[kind].dropna(how="all").map(_as_text)
        of_kind[OTHER_SEED] = wide[OTHER_SEED, SEEDS].map(_as_text)
        parts += [f"## Scores, {kind}", as_text(of_kind.reset_index(), "github")]
    grouped = weights.groupby(["variant", "protocol", "model"], sort=False)
    rows = [
        (*key, f"{group['same_bytes'].sum()} of {len(group)}", _as_text(group["moved"].max()))
        for key, group in grouped
    ]
    columns = ["variant", "protocol", "model", "same bytes", "largest distance"]
    parts += ["## Weights", as_text(pd.DataFrame(rows, columns=columns), "github")]
    return "\n\n".join(parts) + "\n"


def _largest_times_n(table: pd.DataFrame, metrics: Sequence[str]) -> float:
    """Return the largest n times movement of some metrics with the same weights; 0 without any."""
    names = [f"{metric}{TIMES_N}" for metric in metrics]
    chosen = table["metric"].isin(names) & (table["kind"] == SAME_WEIGHTS)
    return float(table["moved"][chosen].max()) if chosen.any() else 0.0


def _as_text(value: float) -> str:
    """Return a movement as text."""
    return "" if pd.isna(value) else "0" if value == 0 else f"{value:.1e}"
