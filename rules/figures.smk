# Figures. Of each model they show the first seed; tables hold all of them.


rule plot_overview:
    input:
        stack=result("stack/{site}.tif"),
        split=result("stack/{site}.split.tif"),
        metadata=result("scenes/{site}/scene.json"),
    output:
        png=report(
            result("figures/{site}_overview.png"),
            caption="../config/captions/overview.rst",
            category="Scenes",
            labels={"site": "{site}", "shows": "overview"},
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
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code("plot_overview"),
    message:
        "Draw the scenes of {wildcards.site}"
    script:
        "../scripts/plot_overview.py"


# One job for the bands of a protocol: a figure takes less long than the start of a process.
rule plot_bands:
    input:
        stack=result("stack/{site}.tif"),
        split=result("stack/{site}.split.tif"),
        metadata=result("scenes/{site}/scene.json"),
        fused=lambda wildcards: fused_files(
            wildcards.site, wildcards.protocol, shown_runs(wildcards.protocol, BANDS)
        ),
    output:
        pngs=[
            report(
                result(f"figures/{{site}}_{{protocol}}_{band}.png"),
                caption="../config/captions/band.rst",
                category="Fused bands",
                labels={"site": "{site}", "protocol": "{protocol}", "shows": band},
            )
            for band in BANDS
        ],
        pdfs=[result(f"figures/{{site}}_{{protocol}}_{band}.pdf") for band in BANDS],
    log:
        result("logs/plot_bands/{site}/{protocol}.log"),
    benchmark:
        result("benchmarks/plot_bands/{site}/{protocol}.tsv")
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code("plot_bands"),
        bands=BANDS,
        labels=lambda wildcards: labels(shown_runs(wildcards.protocol, BANDS)),
    message:
        "Draw the fused {params.bands} of {wildcards.site}"
    script:
        "../scripts/plot_bands.py"


rule plot_composites:
    input:
        stack=result("stack/{site}.tif"),
        split=result("stack/{site}.split.tif"),
        metadata=result("scenes/{site}/scene.json"),
        fused=lambda wildcards: fused_files(
            wildcards.site, wildcards.protocol, shown_runs(wildcards.protocol, BANDS)
        ),
    output:
        png=report(
            result("figures/{site}_{protocol}_composites.png"),
            caption="../config/captions/composites.rst",
            category="Fused bands",
            labels={"site": "{site}", "protocol": "{protocol}", "shows": "composites"},
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
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code("plot_composites"),
        labels=lambda wildcards: labels(shown_runs(wildcards.protocol, BANDS)),
    message:
        "Draw the colour composites of {wildcards.site}"
    script:
        "../scripts/plot_composites.py"


rule plot_differences:
    input:
        unpack(lambda wildcards: gap_mask(wildcards.protocol)),
        stack=result("stack/{site}.tif"),
        split=result("stack/{site}.split.tif"),
        metadata=result("scenes/{site}/scene.json"),
        fused=lambda wildcards: fused_files(
            wildcards.site, wildcards.protocol, shown_runs(wildcards.protocol, BANDS)
        ),
    output:
        png=report(
            result("figures/{site}_{protocol}_differences.png"),
            caption="../config/captions/differences.rst",
            category="Errors",
            labels={"site": "{site}", "protocol": "{protocol}", "shows": "differences"},
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
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code("plot_differences"),
        labels=lambda wildcards: labels(shown_runs(wildcards.protocol, BANDS)),
    message:
        "Draw the differences from the measured bands of {wildcards.site}"
    script:
        "../scripts/plot_differences.py"


rule plot_density:
    input:
        unpack(lambda wildcards: gap_mask(wildcards.protocol)),
        stack=result("stack/{site}.tif"),
        split=result("stack/{site}.split.tif"),
        metadata=result("scenes/{site}/scene.json"),
        metrics=result("metrics/{site}/{protocol}.csv"),
        fused=lambda wildcards: fused_files(
            wildcards.site, wildcards.protocol, shown_runs(wildcards.protocol, BANDS)
        ),
    output:
        png=report(
            result("figures/{site}_{protocol}_density.png"),
            caption="../config/captions/density.rst",
            category="Errors",
            labels={"site": "{site}", "protocol": "{protocol}", "shows": "density"},
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
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code("plot_density"),
        runs=lambda wildcards: shown_runs(wildcards.protocol, BANDS),
    message:
        "Draw the fused against measured reflectance of {wildcards.site}"
    script:
        "../scripts/plot_density.py"


rule plot_training:
    input:
        histories=lambda wildcards: records(wildcards.site, wildcards.protocol),
    output:
        png=report(
            result("figures/{site}_{protocol}_training.png"),
            caption="../config/captions/training.rst",
            category="Training",
            labels={"site": "{site}", "protocol": "{protocol}", "shows": "training"},
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
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code("plot_training"),
    message:
        "Draw the training curves of {wildcards.site}"
    script:
        "../scripts/plot_training.py"


rule plot_scores:
    input:
        metrics=result("tables/metrics.csv"),
    output:
        png=report(
            result("figures/{protocol}_scores.png"),
            caption="../config/captions/scores.rst",
            category="Scores",
            labels={"protocol": "{protocol}", "shows": "scores"},
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
        mem_mb=growing(2000 + 5 * len(SITES)),
        runtime=growing(10),
    params:
        code=code("plot_scores"),
        sites=shown_sites(STUDY),
    message:
        "Draw the scores of {wildcards.protocol}"
    script:
        "../scripts/plot_scores.py"


rule plot_claims:
    input:
        claims=result("tables/claims.csv"),
    output:
        png=report(
            result("figures/claims.png"),
            caption="../config/captions/claims.rst",
            category="Claims",
            labels={"shows": "claims"},
        ),
        pdf=result("figures/claims.pdf"),
    log:
        result("logs/plot_claims.log"),
    benchmark:
        result("benchmarks/plot_claims.tsv")
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code("plot_claims"),
        sites=shown_sites(STUDY),
    message:
        "Draw the verdicts on the claims"
    script:
        "../scripts/plot_claims.py"


rule plot_paired_differences:
    input:
        differences=difference_files(),
    output:
        png=report(
            result("figures/paired_differences.png"),
            caption="../config/captions/paired_differences.rst",
            category="Claims",
            labels={"shows": "paired differences"},
        ),
        pdf=result("figures/paired_differences.pdf"),
    log:
        result("logs/plot_paired_differences.log"),
    benchmark:
        result("benchmarks/plot_paired_differences.tsv")
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000 + 5 * len(SITES)),
        runtime=growing(10),
    params:
        code=code("plot_paired_differences"),
        sites=shown_sites(STUDY),
    message:
        "Draw what the SAR ratio changes"
    script:
        "../scripts/plot_paired_differences.py"


rule plot_gap_distance:
    input:
        metrics=result("tables/metrics.csv"),
    output:
        png=report(
            result("figures/cloud_gap_distance.png"),
            caption="../config/captions/gap_distance.rst",
            category="Scores",
            labels={"protocol": "cloud_gap", "shows": "error by distance"},
        ),
        pdf=result("figures/cloud_gap_distance.pdf"),
    log:
        result("logs/plot_gap_distance.log"),
    benchmark:
        result("benchmarks/plot_gap_distance.tsv")
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000 + 5 * len(SITES)),
        runtime=growing(10),
    params:
        code=code("plot_gap_distance"),
        sites=shown_sites(STUDY),
    message:
        "Draw the error by distance to the edge of a gap"
    script:
        "../scripts/plot_gap_distance.py"


rule plot_gaps:
    input:
        stack=result("stack/{site}.tif"),
        split=result("stack/{site}.split.tif"),
        gaps=result("gaps/{site}.tif"),
        metadata=result("scenes/{site}/scene.json"),
        fused=lambda wildcards: fused_files(wildcards.site, "cloud_gap", compared_runs("cloud_gap")),
    output:
        png=report(
            result("figures/{site}_cloud_gap_examples.png"),
            caption="../config/captions/gaps.rst",
            category="Fused bands",
            labels={"site": "{site}", "protocol": "cloud_gap", "shows": "examples"},
        ),
        pdf=result("figures/{site}_cloud_gap_examples.pdf"),
    log:
        result("logs/plot_gaps/{site}.log"),
    benchmark:
        result("benchmarks/plot_gaps/{site}.tsv")
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code("plot_gaps"),
        labels=lambda wildcards: labels(compared_runs("cloud_gap")),
    message:
        "Draw the filled gaps of {wildcards.site}"
    script:
        "../scripts/plot_gaps.py"


rule plot_sharpening:
    input:
        unpack(lambda wildcards: truth(wildcards.site)),
        stack=result("stack/{site}.tif"),
        split=result("stack/{site}.split.tif"),
        reduced=result("stack/{site}.reduced.tif"),
        full=result("stack/{site}.full.tif"),
        metadata=result("scenes/{site}/scene.json"),
        products=lambda wildcards: fused_files(
            wildcards.site, "sharpening", shown_runs("sharpening", BANDS), ".full"
        ),
    output:
        png=report(
            result("figures/{site}_sharpening_products.png"),
            caption="../config/captions/sharpening.rst",
            category="Fused bands",
            labels={"site": "{site}", "protocol": "sharpening", "shows": "products"},
        ),
        pdf=result("figures/{site}_sharpening_products.pdf"),
    log:
        result("logs/plot_sharpening/{site}.log"),
    benchmark:
        result("benchmarks/plot_sharpening/{site}.tsv")
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code("plot_sharpening"),
        labels=lambda wildcards: labels(shown_runs("sharpening", BANDS)),
    message:
        "Draw the 10 m products of {wildcards.site}"
    script:
        "../scripts/plot_sharpening.py"
