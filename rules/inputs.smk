# Helpers of the rules that say what scenes, methods without training, figures and the viewer take.
# No rules.


# Scenes


def settings_of_source(site):
    """Return the settings of a site that its scenes depend on."""
    return {name: value for name, value in STUDY["sites"][site].items() if name != "overrides"}


def scene_rasters(site):
    """Return {"optical.red": GDAL's name, ...} of the user's rasters that a site is made of."""
    return {band: name for band, name in own_files(STUDY, site).items() if band != "gap_mask"}


def own_scene_files(wildcards):
    """Return the files that are read for a site; none that is missing, which stops all sites."""
    names = scene_rasters(wildcards.site).values()
    return list(dict.fromkeys(path for name in names for path in watched(name)))


def own_scene_parameters():
    """Return the parameters of a script that imports such files."""
    return {
        "rasters": lambda wildcards: scene_rasters(wildcards.site),
        "absent": lambda wildcards: ABSENT.get(wildcards.site),
    }


# Methods without training


def classical_jobs(protocols, scale=""):
    """Return the fused files of the job of a site, and (protocol, band, method) of each."""
    chosen = [(protocol, run) for protocol in protocols for run in LAYOUT.classical_runs(protocol)]
    files = [
        path for protocol, run in chosen for path in LAYOUT.fused("{site}", protocol, [run], scale)
    ]
    return files, [(protocol, band, method) for protocol, (band, method, *_) in chosen]


def classical_inputs():
    """Return the named inputs, beside the stack, that the protocols of the study need."""
    named = {}
    for protocol in LAYOUT.protocols:
        named |= LAYOUT.gaps(protocol)
        if LAYOUT.classical_runs(protocol) and PROTOCOLS[protocol].classical == "pansharpening":
            named["reduced"] = LAYOUT.optical(protocol)
    return named


# The viewer


SITE_OF_PAGE = {Path(page).stem: site for site, page in LAYOUT.pages().items()}


def viewer_inputs(wildcards):
    """Return the named inputs of a page of the viewer."""
    site = SITE_OF_PAGE[wildcards.page]
    named = {
        "stack": "<results>/stack/{site}.tif",
        "split": "<results>/stack/{site}.split.tif",
        "metadata": "<results>/scenes/{site}/scene.json",
    } | LAYOUT.truth(site)
    for protocol in STUDY["protocols"]:
        named |= LAYOUT.gaps(protocol)
    named = {name: path.replace("{site}", site) for name, path in named.items()}
    fused = [
        path
        for protocol, scale, run in LAYOUT.viewer_runs()
        for path in LAYOUT.fused(site, protocol, [run], scale)
    ]
    return named | {"fused": fused, "scores": list(LAYOUT.score_tables([site]))}


# Figures


def figure_files(figure, suffix):
    """Return the files of a kind of figure, one for each band if its name has {band}."""
    path = f"<results>/figures/{figure.name}{suffix}"
    return expand(path, band=BANDS, allow_missing=True) if "{band}" in path else [path]


def figure_inputs(figure):
    """Return the named inputs of a kind of figure, as a function of the wildcards."""
    scale = ".full" if figure.runs == "full" else ""

    def inputs(wildcards):
        site, protocol = wildcards.get("site"), wildcards.get("protocol")
        known = {
            "stack": lambda: "<results>/stack/{site}.tif",
            "split": lambda: "<results>/stack/{site}.split.tif",
            "metadata": lambda: "<results>/scenes/{site}/scene.json",
            "reduced": lambda: LAYOUT.optical(protocol),
            "full": lambda: "<results>/stack/{site}.full.tif",
            "fused": lambda: LAYOUT.fused(
                site, protocol, LAYOUT.figure_runs(figure, protocol), scale
            ),
            "histories": lambda: LAYOUT.records(site, protocol),
            "scores": lambda: "<results>/metrics/{site}/{protocol}.csv",
            "metrics": lambda: "<results>/tables/metrics.csv",
            "claims": lambda: "<results>/tables/claims.csv",
            "transferred": lambda: "<results>/tables/transfer_metrics.csv",
            "differences": lambda: list(SCORED.difference_tables()),
        }
        found = {name: known[name]() for name in figure.inputs if name in known}
        if "gaps" in figure.inputs:
            found |= LAYOUT.gaps(protocol)
        if "truth" in figure.inputs:
            found |= LAYOUT.truth(site)
        return found

    return inputs


def figure_parameters(figure):
    """Return the parameters of a kind of figure."""
    known = {"bands": BANDS, "sites": LAYOUT.shown_sites, "missing": MISSING}
    found = {name: known[name] for name in figure.parameters}
    if figure.runs:
        found["runs"] = lambda wildcards: LAYOUT.figure_runs(figure, wildcards.protocol)
    if figure.explanation:
        found["explanation"] = figure.explanation
    return found


def figure_labels(figure, name):
    """Return the labels in the report of a file of a kind of figure. name: its band, if any."""
    wildcards = {key: f"{{{key}}}" for key in ("site", "protocol") if f"{{{key}}}" in figure.name}
    return wildcards | {"shows": figure.shows.format(band=name)}
