# Scores on test ground. One job per site and protocol, since scoring a raster takes less time than
# starting a process. The job reads each raster once: it writes the scores, and the sums over cells
# of ground that intervals are computed from.


rule evaluate_fusion:
    input:
        unpack(lambda wildcards: LAYOUT.gaps(wildcards.protocol)),
        unpack(lambda wildcards: LAYOUT.from_dates(wildcards.protocol)),
        unpack(lambda wildcards: LAYOUT.matched_ages(wildcards.protocol)),
        optical=lambda wildcards: LAYOUT.optical(wildcards.protocol),
        stack="<results>/stack/{site}.tif",
        split="<results>/stack/{site}.split.tif",
        description="<results>/stack/{site}.json",
        fused=lambda wildcards: LAYOUT.fused(
            wildcards.site, wildcards.protocol, LAYOUT.runs(wildcards.protocol)
        ),
    output:
        table="<results>/metrics/{site}/{protocol}.csv",
        cells="<results>/metrics/{site}/{protocol}.cells.npz",
    log:
        "<logs>/evaluate_fusion/{site}/{protocol}.log",
    benchmark:
        "<benchmarks>/evaluate_fusion/{site}/{protocol}.tsv"
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("evaluate_fusion"),
        study=STUDY["study"],
        runs=lambda wildcards: LAYOUT.runs(wildcards.protocol),
        gap_settings=setting_of("gaps"),
        dated=LAYOUT.dated_inputs,
        compared=lambda wildcards: LAYOUT.comparable_runs(wildcards.protocol),
        block_px=STUDY["bootstrap"]["block_px"],
    message:
        "Score {wildcards.protocol} on the test ground of {wildcards.site}"
    script:
        "../scripts/evaluate_fusion.py"


use rule evaluate_fusion as evaluate_transfer with:
    input:
        unpack(lambda wildcards: LAYOUT.gaps(wildcards.protocol)),
        unpack(lambda wildcards: LAYOUT.from_dates(wildcards.protocol)),
        unpack(lambda wildcards: LAYOUT.matched_ages(wildcards.protocol)),
        optical=lambda wildcards: LAYOUT.optical(wildcards.protocol),
        stack="<results>/stack/{site}.tif",
        split="<results>/stack/{site}.split.tif",
        description="<results>/stack/{site}.json",
        fused=lambda wildcards: LAYOUT.fused(
            f"{wildcards.site}/{wildcards.folder}",
            wildcards.protocol,
            LAYOUT.transfer_runs(wildcards.folder, wildcards.protocol),
        ),
    output:
        table="<results>/metrics/{site}/{folder}/{protocol}.csv",
    log:
        "<logs>/evaluate_transfer/{site}/{folder}/{protocol}.log",
    benchmark:
        "<benchmarks>/evaluate_transfer/{site}/{folder}/{protocol}.tsv"
    wildcard_constraints:
        folder=one_of(LAYOUT.transfers),
    params:
        runs=lambda wildcards: LAYOUT.transfer_runs(wildcards.folder, wildcards.protocol),
    message:
        "Score {wildcards.folder} on the test ground of {wildcards.site}"


rule evaluate_full_scale:
    input:
        unpack(lambda wildcards: LAYOUT.truth(wildcards.site)),
        stack="<results>/stack/{site}.tif",
        full="<results>/stack/{site}.full.tif",
        split="<results>/stack/{site}.split.tif",
        description="<results>/stack/{site}.json",
        fused=lambda wildcards: LAYOUT.fused(
            wildcards.site, wildcards.protocol, LAYOUT.runs(wildcards.protocol), ".full"
        ),
    output:
        table="<results>/metrics/{site}/{protocol}.full.csv",
    log:
        "<logs>/evaluate_full_scale/{site}/{protocol}.log",
    benchmark:
        "<benchmarks>/evaluate_full_scale/{site}/{protocol}.tsv"
    wildcard_constraints:
        protocol=one_of(LAYOUT.full_scale),
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("evaluate_full_scale"),
        study=STUDY["study"],
        runs=lambda wildcards: LAYOUT.runs(wildcards.protocol),
        gain_at_nyquist=lambda wildcards: setting(STUDY, wildcards.site, "sharpening")[
            "gain_at_nyquist"
        ],
    message:
        "Score the products of {wildcards.site} at a third of the pixel size"
    script:
        "../scripts/evaluate_full_scale.py"


rule evaluate_land_cover:
    input:
        unpack(lambda wildcards: LAYOUT.gaps(wildcards.protocol)),
        unpack(lambda wildcards: LAYOUT.built_up(wildcards.site)),
        stack="<results>/stack/{site}.tif",
        split="<results>/stack/{site}.split.tif",
        fused=lambda wildcards: LAYOUT.fused(
            wildcards.site, wildcards.protocol, LAYOUT.land_cover_runs(wildcards.protocol)
        ),
    output:
        table="<results>/metrics/{site}/{protocol}.land_cover.csv",
    log:
        "<logs>/evaluate_land_cover/{site}/{protocol}.log",
    benchmark:
        "<benchmarks>/evaluate_land_cover/{site}/{protocol}.tsv"
    wildcard_constraints:
        protocol=one_of(LAYOUT.withholding),
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=whole_arrays(40),
        runtime=growing(60),
    params:
        code=code("evaluate_land_cover"),
        study=STUDY["study"],
        bands=BANDS,
        indices=LAYOUT.indices,
        runs=lambda wildcards: LAYOUT.land_cover_runs(wildcards.protocol),
        block_px=STUDY["bootstrap"]["block_px"],
        draws=STUDY["bootstrap"]["draws"],
        seed=STUDY["bootstrap"]["seed"],
    message:
        "Score maps of land cover from {wildcards.protocol} on {wildcards.site}"
    script:
        "../scripts/evaluate_land_cover.py"


rule compare_methods:
    input:
        cells="<results>/metrics/{site}/{protocol}.cells.npz",
    output:
        table="<results>/metrics/{site}/{protocol}.differences.csv",
    log:
        "<logs>/compare_methods/{site}/{protocol}.log",
    benchmark:
        "<benchmarks>/compare_methods/{site}/{protocol}.tsv"
    # Verdicts, tables and the paper wait for it; figures of a site and the viewer do not.
    priority: 1
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("compare_methods"),
        study=STUDY["study"],
        pairs=lambda wildcards: LAYOUT.comparisons(wildcards.protocol),
    message:
        "Compare the methods of {wildcards.protocol} on {wildcards.site}"
    script:
        "../scripts/compare_methods.py"


rule evaluate_uncertainty:
    input:
        unpack(lambda wildcards: LAYOUT.gaps(wildcards.protocol)),
        stack="<results>/stack/{site}.tif",
        split="<results>/stack/{site}.split.tif",
        fused=lambda wildcards: LAYOUT.fused(
            wildcards.site, wildcards.protocol, LAYOUT.uncertainty_runs(wildcards.protocol)
        ),
    output:
        table="<results>/metrics/{site}/{protocol}.uncertainty.csv",
    log:
        "<logs>/evaluate_uncertainty/{site}/{protocol}.log",
    benchmark:
        "<benchmarks>/evaluate_uncertainty/{site}/{protocol}.tsv"
    wildcard_constraints:
        protocol=one_of(LAYOUT.withholding),
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("evaluate_uncertainty"),
        study=STUDY["study"],
        runs=lambda wildcards: LAYOUT.uncertainty_runs(wildcards.protocol),
        uncertain=LAYOUT.uncertain_models,
        block_px=STUDY["bootstrap"]["block_px"],
        draws=STUDY["bootstrap"]["draws"],
        seed=STUDY["bootstrap"]["seed"],
    message:
        "Score the uncertainty of {wildcards.protocol} on {wildcards.site}"
    script:
        "../scripts/evaluate_uncertainty.py"
