# Tables and figures that people read. Figures show the first seed; tables hold all of them.


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
            wildcards.site, wildcards.protocol, shown_runs([wildcards.band])
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
        labels=lambda wildcards: labels(shown_runs([wildcards.band])),
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
        fused=lambda wildcards: fused_files(wildcards.site, wildcards.protocol, shown_runs(BANDS)),
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
        labels=labels(shown_runs(BANDS)),
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
        fused=lambda wildcards: fused_files(wildcards.site, wildcards.protocol, shown_runs(BANDS)),
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
        labels=labels(shown_runs(BANDS)),
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
        fused=lambda wildcards: fused_files(wildcards.site, wildcards.protocol, shown_runs(BANDS)),
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
        labels=labels(shown_runs(BANDS)),
    message:
        "Draw the fused against measured reflectance of {wildcards.site}"
    script:
        "../scripts/plot_density.py"


rule plot_training:
    input:
        code=code("plot_training"),
        histories=lambda wildcards: records(wildcards.site, wildcards.protocol),
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
