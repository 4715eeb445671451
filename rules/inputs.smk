# Functions that return the inputs of rules: for scenes, methods without training, figures, the
# viewer, and the models that verify trains. No rules.


# Scenes


def settings_of_source(site):
    """Return the settings of a site that its scenes depend on, and its infrared bands, if any."""
    others = ("overrides", "other_dates", "built_up")
    settings = {name: value for name, value in STUDY["sites"][site].items() if name not in others}
    return settings | infrared_of(STUDY)


def download_settings(site):
    """Return the same for a site from a catalogue, for its downloads."""
    settings = catalogue_site(STUDY, site)
    for name in ("other_dates", "passes", "built_up"):  # in the lock, or not of scenes
        settings.pop(name, None)
    return settings


# VV and VH that calibrate_grd makes from a raw Sentinel-1 scene, and their description.
CALIBRATED, ORIGIN = "<results>/scenes/{site}/grd.tif", "<results>/scenes/{site}/grd.json"


def is_raw(site):
    """Return whether the radar of a site is a raw Sentinel-1 scene."""
    return "safe" in own_files(STUDY, site)


def scene_rasters(site):
    """Return {"optical.red": GDAL's name, ...} of the rasters that a site is imported from."""
    names = own_files(STUDY, site)
    found = {band: path for band, path in names.items() if band.startswith(("optical.", "sar."))}
    if is_raw(site):
        found |= dict.fromkeys(("sar.vv", "sar.vh"), real(CALIBRATED).replace("{site}", site))
    return found


# The land that the scene of a site, its other dates and its map of built-up ground are made from,
# if it has more than the scene. All of these follow from the same settings: making the land again
# changes nothing, hence `ancient`.
LAND = "<results>/scenes/{site}/land.npz"


def shared_land(wildcards):
    """Return the land of a site as a named input, if more than its scene is made from it."""
    settings = STUDY["sites"][wildcards.site]
    is_shared = SOURCES[settings["source"]].shares_land(settings)
    return {"land": ancient(LAND)} if is_shared else {}


def scene_settings(site):
    """Return the settings that the scenes of a site depend on, in the form of its script."""
    settings = settings_of_source(site) | passes_of(STUDY, site)
    return with_calibrated(settings) if is_raw(site) else settings


def elevation_of(site):
    """Return the names of the elevation rasters of such a site."""
    names = own_files(STUDY, site)
    return [path for name, path in names.items() if name.startswith("elevation.")]


def grd_files(wildcards):
    """Return the existing files that are read for the radar of such a site."""
    names = own_files(STUDY, wildcards.site)
    rasters = [path for name, path in names.items() if name in ("optical.red", "geoid")]
    rasters += elevation_of(wildcards.site)
    folder = Path(names["safe"]).parent
    product = [
        path
        for kind in ("*.safe", "annotation/**/*.xml", "measurement/*.tiff")
        for path in folder.glob(kind)
    ]
    return list(dict.fromkeys(path for name in rasters for path in watched(name))) + sorted(
        map(str, product)
    )


def date_rasters(site, date):
    """Return the same for another date of a site."""
    names = own_files(STUDY, site)
    return {
        band.replace(date, "optical"): path
        for band, path in names.items()
        if band.startswith(f"{date}.")
    }


def own_scene_files(wildcards):
    """Return the existing files that are read for a site; a missing one would stop all sites."""
    made = [CALIBRATED, ORIGIN] if is_raw(wildcards.site) else []
    names = scene_rasters(wildcards.site)
    own = [name for band, name in names.items() if not (made and band.startswith("sar."))]
    return list(dict.fromkeys(path for name in own for path in watched(name))) + made


def own_scene_parameters():
    """Return the parameters of a script that imports such files."""
    return {
        "rasters": lambda wildcards: scene_rasters(wildcards.site),
        "absent": lambda wildcards: ABSENT.get(wildcards.site),
        "origin": lambda wildcards: (
            real(ORIGIN).replace("{site}", wildcards.site) if is_raw(wildcards.site) else None
        ),
    }


def own_date_files(wildcards):
    """Return the files that are read for another date of a site."""
    names = date_rasters(wildcards.site, wildcards.date).values()
    return list(dict.fromkeys(path for name in names for path in watched(name)))


def own_date_parameters():
    """Return the parameters of such a script: only of this date, so that others rerun nothing."""

    def settings(wildcards):
        dates = STUDY["sites"][wildcards.site]["other_dates"]
        chosen = [each for each in dates if each["date"] == wildcards.date]
        return {**settings_of_source(wildcards.site), "other_dates": chosen}

    return {
        "rasters": lambda wildcards: date_rasters(wildcards.site, wildcards.date),
        "site_settings": settings,
    }


# Other dates


def dates_of(site):
    """Return the other dates of a site, as named inputs, if there are any."""
    if LAYOUT.dates_are_unknown(site):
        raise WorkflowError(
            f"error: site {site}: its other dates are not known before its scenes are locked:"
            f" ./reproduce lock {STUDY['study']}"
        )
    return LAYOUT.dates(site)


def dates_in_gaps(control=""):
    """Return the raster of matched dates, as a named input, if networks get it in gaps.

    control: kind of control of these networks' inputs, "" for real SAR.
    """
    return LAYOUT.matched() if LAYOUT.dated_in_gaps(control) else {}


# Methods without training


def classical_jobs(protocols, scale=""):
    """Return the fused files of the job of a site, and (protocol, band, method) of each."""
    chosen = [(protocol, run) for protocol in protocols for run in LAYOUT.classical_runs(protocol)]
    files = [
        path for protocol, run in chosen for path in LAYOUT.fused("{site}", protocol, [run], scale)
    ]
    return files, [(protocol, band, method) for protocol, (band, method, *_) in chosen]


def classical_inputs(site):
    """Return the named inputs, besides the stack, that the protocols of the study need."""
    named = dates_of(site)
    given = {"pansharpening": "reduced", "denoising": "noisy"}
    for protocol in LAYOUT.protocols:
        named |= LAYOUT.gaps(protocol)
        kind = PROTOCOLS[protocol].classical
        if LAYOUT.classical_runs(protocol) and kind in given:
            named[given[kind]] = LAYOUT.optical(protocol)
    return named


def classical_outputs():
    """Return the raster that marks fills from other dates, as a named output, if there are any."""
    found = [LAYOUT.from_dates(protocol) for protocol in LAYOUT.protocols]
    return {name: path for named in found for name, path in named.items()}


# The cloud-free image


def uncertainty_of(site):
    """Return the table with the uncertainty of the filling models, as a named input, if any."""
    if LAYOUT.fills_only:
        return {name: path for name, path in GIVEN_MODELS.items() if name == "uncertainty"}
    is_known = FILLING is not None and bool(LAYOUT.uncertainty_runs(FILLING))
    return (
        {"uncertainty": f"<results>/metrics/{site}/{FILLING}.uncertainty.csv"} if is_known else {}
    )


def domain_of_scene(site):
    """Return the domain of a scene that models of another study fill, as a named input, if any."""
    return {"domain": "<results>/stack/{site}.domain.json"} if LAYOUT.fills_only else {}


def network_modules():
    """Return the modules of all networks of the study, below the library, without suffix."""
    return sorted({f"fusion/networks/{about['network']}" for about in STUDY["models"].values()})


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
    if LAYOUT.product_runs():
        named["picture"] = LAYOUT.product(site)["picture"]
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


def part_of(one):
    """Return which job draws a figure (layout.Drawing).

    It is a protocol, for the figures of a site and this protocol; "site", for others of a site;
    or "tables", for those that span all sites.
    """
    return (one.protocol or "site") if one.site else "tables"


# {(part, site): figures of a job}.
FIGURE_JOBS = {}
for one in LAYOUT.drawings():
    FIGURE_JOBS.setdefault((part_of(one), one.site), []).append(one)


def figures_of(part):
    """Return the figures of a part, of any site."""
    return next(drawings for (name, _), drawings in FIGURE_JOBS.items() if name == part)


def figure_file(one, suffix):
    """Return the file of a figure; {site} stays."""
    name = FIGURES[one.kind].name.format(site="{site}", protocol=one.protocol, band=one.band)
    return f"<results>/figures/{name}{suffix}"


def of_figures(part, value):
    """Return value(figures) for the job of a part, as a function of the wildcards."""
    return lambda wildcards: value(FIGURE_JOBS[part, wildcards.get("site", "")])


def figure_inputs(one):
    """Return the named inputs of a figure except fused bands; {site} and {protocol} stay."""
    site, protocol = one.site, one.protocol
    known = {
        "stack": lambda: "<results>/stack/{site}.tif",
        "split": lambda: "<results>/stack/{site}.split.tif",
        "metadata": lambda: "<results>/scenes/{site}/scene.json",
        "optical": lambda: "<results>/scenes/{site}/optical.tif",
        "picture": lambda: LAYOUT.product("{site}")["picture"],
        "reduced": lambda: LAYOUT.optical(protocol),
        "full": lambda: "<results>/stack/{site}.full.tif",
        "histories": lambda: SCORED.records(site, protocol),
        "scores": lambda: "<results>/metrics/{site}/{protocol}.csv",
        "metrics": lambda: "<results>/tables/metrics.csv",
        "claims": lambda: "<results>/tables/claims.csv",
        "ranking": lambda: "<results>/tables/ranking.csv",
        # Only those of this site, so that its figures do not wait for other sites.
        "uncertainties": lambda: (
            f"{SCORED.scores}/{site}/{protocol}.uncertainty.csv"
            if site
            else "<results>/tables/uncertainty.csv"
        ),
        "transferred": lambda: "<results>/tables/transfer_metrics.csv",
        "differences": lambda: list(SCORED.difference_tables()),
    }
    inputs = FIGURES[one.kind].inputs
    found = {name: known[name]() for name in inputs if name in known}
    if "gaps" in inputs:
        found |= LAYOUT.gaps(protocol)
    if "truth" in inputs:
        found |= LAYOUT.truth(site)
    return found


def figure_labels(one):
    """Return the labels of a figure in the report."""
    about = {"site": "{site}" if one.site else "", "protocol": one.protocol}
    shows = FIGURES[one.kind].shows.format(band=one.band)
    return {name: value for name, value in about.items() if value} | {"shows": shows}


def figure_modules(kinds):
    """Return the modules that draw some kinds of figures, below the library."""
    return sorted({f"show/figures/{FIGURES[kind].draws.partition('.')[0]}" for kind in kinds})


def named_values(one):
    """Return the (files, parameters) that one figure is drawn from, each {name: value}."""
    figure = FIGURES[one.kind]
    files = {}
    for name, found in figure_inputs(one).items():
        paths = [
            real(path).replace("{site}", one.site).replace("{protocol}", one.protocol)
            for path in ([found] if isinstance(found, str) else found)
        ]
        files[name] = paths[0] if isinstance(found, str) else paths
    known = {"sites": LAYOUT.shown_sites, "missing": MISSING}
    values = {"site": one.site, "protocol": one.protocol, "band": one.band}
    values |= {name: known[name] for name in figure.parameters}
    if figure.runs:
        scale = ".full" if figure.runs == "full" else ""
        values["runs"] = LAYOUT.drawn_runs(one)
        files["fused"] = [
            real(path) for path in LAYOUT.fused(one.site, one.protocol, values["runs"], scale)
        ]
    return files, values


def drawings_of(figures, forms=FORMS):
    """Return the `drawings` of a job, see scripts/plot.py. forms: file types of each figure."""
    found = []
    for one in figures:
        files, values = named_values(one)
        paths = {form: f"{RESULTS}/figures/{one.name}.{form}" for form in forms}
        found.append({"function": FIGURES[one.kind].draws, "values": files | values, **paths})
    return found


def files_of_drawings(figures):
    """Return the files that such a job reads."""
    files = [named_values(one)[0] for one in figures]
    found = [
        [path] if isinstance(path, str) else path for named in files for path in named.values()
    ]
    return sorted({path for paths in found for path in paths})


# Figures drawn again, to compare another person's with them


def figures_drawn_again():
    """Return {part: drawings (layout.Drawing)}: of tables, of each site, and of its protocols."""
    parts = {}
    for one in LAYOUT.drawn_again():
        place = ".".join(filter(None, (one.site, one.protocol)))
        parts.setdefault("tables" if FIGURES[one.kind].from_tables else place, []).append(one)
    return parts


# Models that verify draws (rules/verify.smk)


def spot_files(site, run):
    """Return {name: paths} that train_model.py reads for a model."""
    protocol, _, _, sar_input, _ = run
    return training_files(protocol, site, sar_input)


def spot_values(site, run):
    """Return the arguments of train_model.py for a model besides its files."""
    protocol, band, model, sar_input, seed = run
    return {
        "site": site,
        "protocol": protocol,
        "model": model,
        "input": sar_input,
        "given": LAYOUT.inputs[sar_input].channels,
        "places": LAYOUT.places(protocol),
        "bands": [band],
        "seeds": [seed],
        "model_settings": STUDY["models"][model],
        "training_settings": STUDY["training"],
        "preparation": preparation(protocol, site),
        "buffer_px": setting(STUDY, site, "split")["buffer_px"],
    }


def spot_models(suffix):
    """Return the files of these models."""
    return [f"<results>/spot/models/{model_name(site, *run)}{suffix}" for site, run in SPOT_RUNS]
