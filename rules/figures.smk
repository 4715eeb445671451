# Figures: a rule for each record in scripts/sarfusion/study/figures.py. They show the first seed of
# each model; tables have all seeds.


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


for kind, figure in FIGURES.items():
    # Path of log and benchmark. It has no band, since one job draws all bands.
    of_figure = Path(
        f"plot_{kind}", *(name for name in ("{site}", "{protocol}") if name in figure.name)
    )

    rule:
        name:
            f"plot_{kind}"
        input:
            unpack(figure_inputs(figure)),
        output:
            png=[
                report(
                    path,
                    caption=f"../config/captions/{figure.caption}.rst",
                    category=figure.category,
                    labels=figure_labels(figure, band),
                )
                for band, path in zip(BANDS, figure_files(figure, ".png"))
            ],
            pdf=figure_files(figure, ".pdf"),
        log:
            f"<logs>/{of_figure}.log",
        benchmark:
            f"<benchmarks>/{of_figure}.tsv"
        wildcard_constraints:
            protocol=one_of(LAYOUT.figure_protocols(figure)),
        conda:
            "../envs/figures.yaml"
        threads: 1
        resources:
            mem_mb=growing(2000) if "{site}" in figure.name else of_all_sites(2000),
            runtime=growing(10 if "{site}" in figure.name else 30),
        params:
            **figure_parameters(figure),
            code=code("plot", f"show/figures/{figure.draws.partition('.')[0]}"),
            function=figure.draws,
        message:
            figure.message
        script:
            "../scripts/plot.py"
