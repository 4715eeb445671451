"""The figures: a record for each kind, with what it shows and which function draws it.

rules/figures.smk draws those of a site and protocol in one job.
"""

from dataclasses import dataclass

SITE = ("stack", "split", "metadata")  # the rasters of a site, and the description of its scenes
MAPS = (*SITE, "fused")


@dataclass(frozen=True)
class Figure:
    """One kind of figure.

    name: its file in figures/ without suffix. The wildcards {site}, {protocol} and {band} make one
        figure for each.
    draws: MODULE.FUNCTION in show/figures. The function gets inputs, parameters and the name's
        wildcards as keyword arguments, and returns a matplotlib figure.
    inputs: names of the files that it is drawn from; rules/inputs.smk has their paths.
    category, shows: its place in the report, and its label there.
    caption: file in config/captions with its caption in the report, without suffix.
    runs: which fused bands it shows: "shown", networks with the first seed; "compared", these and
        methods without training; "full", networks at the finest pixels; "filling", all networks
        that may fill clouds, with all seeds.
    parameters: names of the values that it takes; rules/inputs.smk has the values.
    plate: its caption in the paper, for a figure that a protocol names as its plate.
    colour: whether it needs red, green and blue.
    withholds, full_scale: whether it is only for protocols with gaps, or with products at the
        finest pixels.
    across: the kind of study that has it, if not all: with several "sites", or with "transfers".
    of_product: whether it is only for studies that make a cloud-free image.
    dated: whether it is only for studies whose gaps are filled from other dates.
    """

    name: str
    draws: str
    inputs: tuple[str, ...]
    category: str
    shows: str
    caption: str
    runs: str = ""
    parameters: tuple[str, ...] = ()
    plate: str = ""
    colour: bool = False
    withholds: bool = False
    full_scale: bool = False
    across: str = ""
    of_product: bool = False
    dated: bool = False

    @property
    def from_tables(self) -> bool:
        """Whether it follows from only the tables of scores and the records of models."""
        tables = {"metrics", "differences", "claims", "transferred", "uncertainties", "histories"}
        tables |= {"ranking"}
        return set(self.inputs) <= tables


FIGURES = {  # in the order of a study's list of figures
    "overview": Figure(
        "{site}_overview",
        "scenes.draw_overview",
        SITE,
        caption="overview",
        category="Scenes",
        shows="overview",
    ),
    "bands": Figure(
        "{site}_{protocol}_{band}",
        "scenes.draw_bands",
        MAPS,
        runs="shown",
        caption="band",
        category="Fused bands",
        shows="{band}",
    ),
    "differences": Figure(
        "{site}_{protocol}_differences",
        "differences.draw_differences",
        (*MAPS, "gaps"),
        runs="shown",
        caption="differences",
        category="Errors",
        shows="differences",
    ),
    "density": Figure(
        "{site}_{protocol}_density",
        "density.draw_density",
        (*MAPS, "gaps", "scores"),
        runs="shown",
        caption="density",
        category="Errors",
        shows="density",
    ),
    "training": Figure(
        "{site}_{protocol}_training",
        "curves.draw_training",
        ("histories",),
        caption="training",
        category="Training",
        shows="training",
    ),
    "composites": Figure(
        "{site}_{protocol}_composites",
        "scenes.draw_composites",
        MAPS,
        runs="shown",
        colour=True,
        caption="composites",
        category="Fused bands",
        shows="composites",
        plate="{title} at {site} in true colour: the measured image and the output of each network;"
        " above, the whole scene, below, an enlarged place on test ground. First seed.",
    ),
    "gaps": Figure(
        "{site}_{protocol}_examples",
        "gaps.draw_gaps",
        (*MAPS, "gaps"),
        runs="compared",
        colour=True,
        withholds=True,
        caption="gaps",
        category="Fused bands",
        shows="examples",
        plate="{title} at {site}: how each method fills the gaps of a place on test ground, and its"
        " absolute error there. First seed.",
    ),
    "filled": Figure(
        "{site}_{protocol}_filled",
        "filled.draw_filled",
        (*MAPS, "gaps", "histories", "uncertainties"),
        runs="filling",
        colour=True,
        withholds=True,
        of_product=True,
        caption="filled",
        category="Fused bands",
        shows="gaps filled",
        plate="{title} at {site}: the scene with simulated clouds, the same with them filled by the"
        " network with the lowest validation error, all seeds together, and one standard deviation"
        " of what was filled; above, the whole scene, below, the place where most is filled.",
    ),
    "cloud_free": Figure(
        "{site}_cloud_free",
        "cloud_free.draw_cloud_free",
        (*SITE, "optical", "picture"),
        colour=True,
        of_product=True,
        caption="cloud_free",
        category="Cloud-free image",
        shows="before and after",
        plate="{site}, as the satellite saw it and with its clouds filled, and one standard"
        " deviation of what was filled; above, the whole scene, below, the place where most is"
        " filled.",
    ),
    "sharpening": Figure(
        "{site}_{protocol}_products",
        "sharpening.draw_sharpening",
        (*MAPS, "reduced", "full", "truth"),
        runs="full",
        colour=True,
        full_scale=True,
        caption="sharpening",
        category="Fused bands",
        shows="products",
        plate="{title} at {site}: a place on test ground at {coarse}~m, at {native}~m, and as"
        " {fine}~m products. First seed.",
    ),
    "scores": Figure(
        "{protocol}_scores",
        "scores.draw_scores",
        ("metrics",),
        parameters=("sites",),
        caption="scores",
        category="Scores",
        shows="scores",
    ),
    "gap_distance": Figure(
        "{protocol}_distance",
        "distance.draw_distance",
        ("metrics",),
        parameters=("sites",),
        withholds=True,
        caption="gap_distance",
        category="Scores",
        shows="error by distance",
        plate="{title}: the error by the distance to the nearest clear pixel, means over seeds with"
        " intervals at {confidence}.",
    ),
    "gap_age": Figure(
        "{protocol}_age",
        "distance.draw_age",
        ("metrics",),
        parameters=("sites",),
        withholds=True,
        dated=True,
        caption="gap_age",
        category="Scores",
        shows="error by age",
        plate="{title}: the error by the age of the nearest date on which a pixel is clear, mean"
        " over seeds with intervals at {confidence}.",
    ),
    "uncertainty": Figure(
        "{protocol}_uncertainty",
        "uncertainty.draw_uncertainty",
        ("uncertainties",),
        parameters=("sites",),
        withholds=True,
        caption="uncertainty_curves",
        category="Scores",
        shows="uncertainty",
        plate="{title}: above, the share of withheld pixels in the interval of each level; on the"
        " diagonal, the intervals are right. Below, the error of the remaining pixels when the most"
        " uncertain ones are removed; grey, when those with the largest errors are.",
    ),
    "paired_differences": Figure(
        "paired_differences",
        "paired.draw_paired_differences",
        ("differences",),
        parameters=("sites",),
        caption="paired_differences",
        category="Claims",
        shows="paired differences",
    ),
    "ranking": Figure(
        "{protocol}_ranking",
        "ranking.draw_ranking",
        ("ranking",),
        caption="ranking",
        category="Scores",
        shows="methods in order",
    ),
    "claims": Figure(
        "claims",
        "claims.draw_claims",
        ("claims",),
        parameters=("sites",),
        caption="claims",
        category="Claims",
        shows="claims",
    ),
    "across_scores": Figure(
        "across_sites_{protocol}_scores",
        "scores.draw_across_scores",
        ("metrics",),
        parameters=("missing",),
        across="sites",
        caption="across_sites_scores",
        category="Across sites",
        shows="scores",
    ),
    "across_differences": Figure(
        "across_sites_differences",
        "paired.draw_across_differences",
        ("differences",),
        parameters=("missing",),
        across="sites",
        caption="across_sites_differences",
        category="Across sites",
        shows="paired differences",
    ),
    "transfer": Figure(
        "transfer",
        "paired.draw_transfer",
        ("metrics", "transferred"),
        parameters=("missing",),
        across="transfers",
        caption="transfer",
        category="Across sites",
        shows="transfer",
    ),
}
