"""The protocols: a record for each, with the task of the methods and how they are scored.

Everything that depends on the protocol reads these records: the schema of a study, the rules,
figures, tables, the viewer, the paper and `./reproduce verify`.

Texts may contain pixel sizes in metres in braces: {native}, {coarse} and {fine}, as
show/pixels.py returns them. Texts for the paper are Typst markup, and may contain the other numbers
of show/paper/methods.py too.
"""

from dataclasses import dataclass, field

from ..core.pixel_sizes import RATIO

STACK, REDUCED, NOISY = (f"stack/{{site}}{what}.tif" for what in ("", ".reduced", ".noisy"))
FULL = ".full"  # part of the names of files at the finest pixels


@dataclass(frozen=True)
class Protocol:
    """One protocol.

    summary: description in the schema.
    title, where: its name in the paper, and "In ...".
    question: the task of a network, as a clause after "whether it can".
    task: the same as a paragraph. reading: how to read its scores.
    sections: {region: (heading of a table, caption of a table in the paper)}.
    group, full_group: headings of its layers in the viewer, and of those at the finest pixels.
    headline: region of ground by which it is judged, "test" or "gap".
    optical: raster whose optical bands the methods get, in the results of a study.
    gives_band: whether the methods get the band at all, or only SAR.
    withholds: whether the methods get the bands with gaps, and are scored inside these.
    sharpens: how many times smaller pixels become; ERGAS uses its inverse.
    full_scale: whether the methods also make products at the finest pixels.
    classical: module in fusion/classical with its methods without training, None if it has none.
    limits: what it cannot show. limits_of_real_places: what it cannot show of sites whose true
        reflectance is unknown.
    plates: figures in the paper, by their kind (figures.py), in order.
    """

    summary: str
    title: str
    where: str
    question: str
    task: str
    reading: str
    sections: dict[str, tuple[str, str]]
    group: str
    headline: str = "test"
    optical: str = STACK
    gives_band: bool = True
    withholds: bool = False
    sharpens: int = 1
    full_scale: bool = False
    classical: str | None = None
    full_group: str = ""
    limits: str = ""
    limits_of_real_places: str = ""
    plates: tuple[str, ...] = field(default=("composites",))

    @property
    def is_copying(self) -> bool:
        """Whether copying the given band is a perfect solution."""
        return self.optical == STACK and self.gives_band and not self.withholds


PROTOCOLS = {  # in the order of tables
    "reconstruction": Protocol(
        summary="Return the band that was given",
        classical="reconstruction",
        sections={
            "test": (
                "Reconstruction: the band that was given, returned",
                "Reconstruction: the band that was given, returned",
            )
        },
        group="Reconstruction",
        title="Reconstruction",
        where="In reconstruction",
        question="return the band that it was given together with the ratio (the task of the"
        " paper)",
        task="A network gets a band and the radar input and returns the band. This is the task of"
        " the paper. Copying the band solves it.",
        reading="A network that returned the band untouched would score like Copy.",
        limits="Reconstruction asks for what is already there. A good score in it does not show"
        " that radar adds anything.",
    ),
    "sar_alone": Protocol(
        summary="Return the band without being given it, from SAR alone",
        gives_band=False,
        sections={
            "test": (
                "SAR alone: the band, from radar only",
                "SAR alone: the band, from radar only",
            )
        },
        group="From SAR alone",
        title="SAR alone",
        where="From SAR alone",
        question="make a band from radar alone",
        task="As reconstruction, but a network gets the radar input and no optical band, so that"
        " there is nothing to copy.",
        reading="The score shows how much of the band the radar determines.",
        limits="From radar alone, a network can learn the typical colour of a land cover, but not"
        " the colour of a single roof or field.",
    ),
    "denoise": Protocol(
        summary="Return the band that was given with noise and blur",
        optical=NOISY,
        classical="denoising",
        sections={
            "test": (
                "Denoising: the band that was given with noise and blur",
                "Denoising: the band that was given with noise and blur",
            )
        },
        group="Denoised",
        title="Denoising",
        where="In denoising",
        question="restore a band that was given with noise and blur",
        task="As reconstruction, but the band is blurred by a Gaussian with a standard deviation of"
        " {blur}~px, and has white noise at a signal-to-noise ratio of {snr}~dB (its variance on"
        " training ground over that of the noise). Copying keeps both.",
        reading="The method As given returns the degraded band unchanged.",
        limits="In denoising, blur and noise are added. Those of a sensor are smaller, and its"
        " noise is not white.",
    ),
    "cloud_gap": Protocol(
        summary="Fill what clouds hide",
        withholds=True,
        headline="gap",
        classical="gap_filling",
        sections={
            "gap": (
                "Cloud gaps: the band inside gaps, from what is around them and SAR",
                "Cloud gaps: the withheld band, inside gaps only",
            )
        },
        group="Cloud gaps, filled",
        title="Cloud gaps",
        where="In cloud gaps",
        question="fill what clouds hide",
        task="Masks with gaps of about {gap_size}~px cover about {gap_share} of the ground and"
        " withhold the band. A network gets the rest of the band, the mask and the radar input. In"
        " the gap it also gets a first guess, {start}, from which it learns the difference, and the"
        " difference of the radar from a surface made from its surroundings. It is trained on gaps"
        " {training_gaps}."
        " Only pixels in gaps count, in training and in scores.",
        reading="The scores are for pixels that no method saw.",
        limits="The clouds of the cloud-gap protocol are masks laid on a clear scene. They do not"
        " include thin cloud, shadows at a cloud's rim, or changes between two dates. The"
        " uncertainty of the networks was calibrated and tested only in such gaps.",
        plates=("gap_distance", "gap_age", "uncertainty", "gaps", "filled", "cloud_free"),
    ),
    "sharpening": Protocol(
        summary="Wald's protocol: degraded to three times the pixel size, and brought back",
        optical=REDUCED,
        sharpens=RATIO,
        full_scale=True,
        classical="pansharpening",
        sections={
            "test": (
                "Sharpening: {coarse} m to {native} m, against the measured band",
                "Sharpening: {coarse}~m to {native}~m, against the measured band",
            ),
            "consistency": (
                "Sharpening: the {fine} m product, degraded to {native} m again",
                "Sharpening: the {fine}~m product, degraded to {native}~m again",
            ),
            "truth": (
                "Sharpening: the {fine} m product against the true {fine} m reflectance",
                "Sharpening: the {fine}~m product against the true reflectance",
            ),
        },
        group="Sharpened, {coarse} m to {native} m",
        full_group="Sharpened, {native} m to {fine} m",
        title="Sharpening",
        where="In sharpening",
        question="sharpen {coarse}\N{NO-BREAK SPACE}m pixels to {native}\N{NO-BREAK SPACE}m",
        task="By the protocol of Wald et al. @wald1997, bands are degraded from {native}~m to"
        " {coarse}~m by a Gaussian whose gain at the coarse Nyquist frequency is {gain}"
        " @aiazzi2006, and a network restores them with radar at {native}~m. The same network"
        " then makes {fine}~m products from the measured bands and radar at {fine}~m.",
        reading="The measured band is the truth for the step from {coarse}~m to {native}~m. The"
        " {fine}~m products are degraded again and compared with it, which shows that they are"
        " consistent, but not that their detail is right.",
        limits_of_real_places="The truth at the finest pixels is not known for a real place. There,"
        " products are degraded to the pixels of the measured band and only then compared with it.",
        plates=("sharpening",),
    ),
}

HEADLINE = {name: protocol.headline for name, protocol in PROTOCOLS.items()}
SECTIONS = {  # (protocol, region) -> heading of its table, with pixel sizes in braces
    (name, region): heading
    for name, protocol in PROTOCOLS.items()
    for region, (heading, _) in protocol.sections.items()
}
