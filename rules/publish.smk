# Tables and figures that people read. Figures show the first seed; tables hold all of them.

FIRST_SEED = STUDY["seeds"][:1]
SHOWN = learned_runs(STUDY["bands"][0], FIRST_SEED)
SHOWN_IN_COLOUR = [run for band in STUDY["bands"] for run in learned_runs(band, FIRST_SEED)]
COLOUR = set(STUDY["bands"]) == {"red", "green", "blue"}


def table_files():
    """What `snakemake tables` makes."""
    names = ["metrics.csv", "summary.csv", "summary.md", "summary.tex", "summary.txt"]
    return [result(f"tables/{name}") for name in names]


def figure_files():
    """What `snakemake figures` makes."""
    kinds = [*STUDY["bands"], "differences", "density", "training"]
    if COLOUR:
        kinds.append("composites")
    names = [
        *(f"{site}_overview" for site in STUDY["sites"]),
        *(
            f"{site}_{protocol}_{kind}"
            for site in STUDY["sites"]
            for protocol in STUDY["protocols"]
            for kind in kinds
        ),
        *(f"{protocol}_scores" for protocol in STUDY["protocols"]),
    ]
    return [result(f"figures/{name}.{form}") for name in names for form in ("png", "pdf")]


def shown_files(chosen):
    """The input function for the fused rasters of `chosen` runs; {band} is taken as it comes."""
    return lambda wildcards: fused_files(wildcards.site, wildcards.protocol, chosen)


def labels(chosen):
    """[method, input, band] of each run, in the order of its files."""
    return [[method, sar_input, band] for band, method, sar_input, _ in chosen]


rule tabulate_metrics:
    input:
        code=code("tabulate_metrics"),
        scores=expand(
            result("metrics/{site}/{protocol}.csv"),
            site=STUDY["sites"],
            protocol=STUDY["protocols"],
        ),
    output:
        metrics=result("tables/metrics.csv"),
        csv=result("tables/summary.csv"),
        md=report(
            result("tables/summary.md"),
            caption="../config/captions/summary.rst",
            category="Tables",
            labels={"table": "summary", "form": "Markdown"},
        ),
        tex=result("tables/summary.tex"),
        txt=result("tables/summary.txt"),
    log:
        result("logs/tabulate_metrics.log"),
    benchmark:
        result("benchmarks/tabulate_metrics.tsv")
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    message:
        "Summarise all scores over seeds"
    script:
        "../scripts/tabulate_metrics.py"


rule plot_overview:
    input:
        code=code("plot_overview"),
        stack=result("stack/{site}.tif"),
        split=result("stack/{site}.split.tif"),
        metadata=result("scenes/{site}/scene.json"),
    output:
        png=report(
            result("figures/{site}_overview.png"),
            caption="../config/captions/overview.rst",
            category="Scenes",
            labels={"site": "{site}", "figure": "overview"},
        ),
        pdf=result("figures/{site}_overview.pdf"),
    log:
        result("logs/plot_overview/{site}.log"),
    benchmark:
        result("benchmarks/plot_overview/{site}.tsv")
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    message:
        "Draw the scenes of {wildcards.site}"
    script:
        "../scripts/plot_overview.py"


rule plot_band:
    input:
        code=code("plot_band"),
        stack=result("stack/{site}.tif"),
        split=result("stack/{site}.split.tif"),
        metadata=result("scenes/{site}/scene.json"),
        fused=lambda wildcards: fused_files(
            wildcards.site, wildcards.protocol, learned_runs(wildcards.band, FIRST_SEED)
        ),
    output:
        png=report(
            result("figures/{site}_{protocol}_{band}.png"),
            caption="../config/captions/band.rst",
            category="Fused bands",
            labels={"site": "{site}", "protocol": "{protocol}", "figure": "{band}"},
        ),
        pdf=result("figures/{site}_{protocol}_{band}.pdf"),
    log:
        result("logs/plot_band/{site}/{protocol}/{band}.log"),
    benchmark:
        result("benchmarks/plot_band/{site}/{protocol}/{band}.tsv")
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        labels=labels(SHOWN),
    message:
        "Draw the fused {wildcards.band} of {wildcards.site}"
    script:
        "../scripts/plot_band.py"


rule plot_composites:
    input:
        code=code("plot_composites"),
        stack=result("stack/{site}.tif"),
        split=result("stack/{site}.split.tif"),
        metadata=result("scenes/{site}/scene.json"),
        fused=shown_files(SHOWN_IN_COLOUR),
    output:
        png=report(
            result("figures/{site}_{protocol}_composites.png"),
            caption="../config/captions/composites.rst",
            category="Fused bands",
            labels={"site": "{site}", "protocol": "{protocol}", "figure": "composites"},
        ),
        pdf=result("figures/{site}_{protocol}_composites.pdf"),
    log:
        result("logs/plot_composites/{site}/{protocol}.log"),
    benchmark:
        result("benchmarks/plot_composites/{site}/{protocol}.tsv")
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        labels=labels(SHOWN_IN_COLOUR),
    message:
        "Draw the colour composites of {wildcards.site}"
    script:
        "../scripts/plot_composites.py"


rule plot_differences:
    input:
        code=code("plot_differences"),
        stack=result("stack/{site}.tif"),
        split=result("stack/{site}.split.tif"),
        metadata=result("scenes/{site}/scene.json"),
        fused=shown_files(SHOWN_IN_COLOUR),
    output:
        png=report(
            result("figures/{site}_{protocol}_differences.png"),
            caption="../config/captions/differences.rst",
            category="Errors",
            labels={"site": "{site}", "protocol": "{protocol}", "figure": "differences"},
        ),
        pdf=result("figures/{site}_{protocol}_differences.pdf"),
    log:
        result("logs/plot_differences/{site}/{protocol}.log"),
    benchmark:
        result("benchmarks/plot_differences/{site}/{protocol}.tsv")
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        labels=labels(SHOWN_IN_COLOUR),
    message:
        "Draw the differences from the measured bands of {wildcards.site}"
    script:
        "../scripts/plot_differences.py"


rule plot_density:
    input:
        code=code("plot_density"),
        stack=result("stack/{site}.tif"),
        split=result("stack/{site}.split.tif"),
        metadata=result("scenes/{site}/scene.json"),
        fused=shown_files(SHOWN_IN_COLOUR),
    output:
        png=report(
            result("figures/{site}_{protocol}_density.png"),
            caption="../config/captions/density.rst",
            category="Errors",
            labels={"site": "{site}", "protocol": "{protocol}", "figure": "density"},
        ),
        pdf=result("figures/{site}_{protocol}_density.pdf"),
    log:
        result("logs/plot_density/{site}/{protocol}.log"),
    benchmark:
        result("benchmarks/plot_density/{site}/{protocol}.tsv")
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        labels=labels(SHOWN_IN_COLOUR),
    message:
        "Draw the fused against measured reflectance of {wildcards.site}"
    script:
        "../scripts/plot_density.py"


rule plot_training:
    input:
        code=code("plot_training"),
        histories=lambda wildcards: [
            result(
                f"models/{wildcards.site}/{wildcards.protocol}/{band}/{model}-{name}/seed{seed}.json"
            )
            for each in STUDY["bands"]
            for band, model, name, seed in learned_runs(each, STUDY["seeds"])
        ],
    output:
        png=report(
            result("figures/{site}_{protocol}_training.png"),
            caption="../config/captions/training.rst",
            category="Training",
            labels={"site": "{site}", "protocol": "{protocol}", "figure": "training"},
        ),
        pdf=result("figures/{site}_{protocol}_training.pdf"),
    log:
        result("logs/plot_training/{site}/{protocol}.log"),
    benchmark:
        result("benchmarks/plot_training/{site}/{protocol}.tsv")
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    message:
        "Draw the training curves of {wildcards.site}"
    script:
        "../scripts/plot_training.py"


rule plot_scores:
    input:
        code=code("plot_scores"),
        metrics=result("tables/metrics.csv"),
    output:
        png=report(
            result("figures/{protocol}_scores.png"),
            caption="../config/captions/scores.rst",
            category="Scores",
            labels={"protocol": "{protocol}", "figure": "scores"},
        ),
        pdf=result("figures/{protocol}_scores.pdf"),
    log:
        result("logs/plot_scores/{protocol}.log"),
    benchmark:
        result("benchmarks/plot_scores/{protocol}.tsv")
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    message:
        "Draw the scores of {wildcards.protocol}"
    script:
        "../scripts/plot_scores.py"
