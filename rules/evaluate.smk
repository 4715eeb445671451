# Scores on test ground. One job per site and protocol: scoring a raster takes less time than
# starting a process for it. It reads each raster once: beside the scores it writes the sums over cells
# of ground that the bootstrap resamples.


rule evaluate_fusion:
    input:
        unpack(lambda wildcards: gap_mask(wildcards.protocol)),
        optical=lambda wildcards: optical_raster(wildcards.protocol),
        stack=result("stack/{site}.tif"),
        split=result("stack/{site}.split.tif"),
        description=result("stack/{site}.json"),
        fused=lambda wildcards: fused_files(
            wildcards.site, wildcards.protocol, runs(wildcards.protocol)
        ),
    output:
        table=result("metrics/{site}/{protocol}.csv"),
        cells=result("metrics/{site}/{protocol}.cells.npz"),
    log:
        result("logs/evaluate_fusion/{site}/{protocol}.log"),
    benchmark:
        result("benchmarks/evaluate_fusion/{site}/{protocol}.tsv")
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("evaluate_fusion"),
        study=STUDY["study"],
        runs=lambda wildcards: runs(wildcards.protocol),
        gap_settings=setting_of("gaps"),
        pairs=lambda wildcards: pairs(wildcards.protocol),
        block_px=STUDY["bootstrap"]["block_px"],
    message:
        "Score {wildcards.protocol} on the test ground of {wildcards.site}"
    script:
        "../scripts/evaluate_fusion.py"


use rule evaluate_fusion as evaluate_transfer with:
    input:
        unpack(lambda wildcards: gap_mask(wildcards.protocol)),
        optical=lambda wildcards: optical_raster(wildcards.protocol),
        stack=result("stack/{site}.tif"),
        split=result("stack/{site}.split.tif"),
        description=result("stack/{site}.json"),
        fused=lambda wildcards: fused_files(
            f"{wildcards.site}/{wildcards.folder}",
            wildcards.protocol,
            transfer_runs(wildcards.folder, wildcards.protocol),
        ),
    output:
        table=result("metrics/{site}/{folder}/{protocol}.csv"),
    log:
        result("logs/evaluate_transfer/{site}/{folder}/{protocol}.log"),
    benchmark:
        result("benchmarks/evaluate_transfer/{site}/{folder}/{protocol}.tsv")
    wildcard_constraints:
        folder=one_of(TRANSFERS),
    params:
        runs=lambda wildcards: transfer_runs(wildcards.folder, wildcards.protocol),
    message:
        "Score {wildcards.folder} on the test ground of {wildcards.site}"


rule evaluate_full_scale:
    input:
        unpack(lambda wildcards: truth(wildcards.site)),
        stack=result("stack/{site}.tif"),
        full=result("stack/{site}.full.tif"),
        split=result("stack/{site}.split.tif"),
        description=result("stack/{site}.json"),
        fused=lambda wildcards: fused_files(
            wildcards.site, "sharpening", runs("sharpening"), ".full"
        ),
    output:
        table=result("metrics/{site}/sharpening.full.csv"),
    log:
        result("logs/evaluate_full_scale/{site}.log"),
    benchmark:
        result("benchmarks/evaluate_full_scale/{site}.tsv")
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("evaluate_full_scale"),
        study=STUDY["study"],
        runs=lambda wildcards: runs("sharpening"),
        gain_at_nyquist=lambda wildcards: setting(STUDY, wildcards.site, "sharpening")[
            "gain_at_nyquist"
        ],
    message:
        "Score the 10 m products of {wildcards.site}"
    script:
        "../scripts/evaluate_full_scale.py"


rule compare_methods:
    input:
        cells=result("metrics/{site}/{protocol}.cells.npz"),
    output:
        table=result("metrics/{site}/{protocol}.differences.csv"),
    log:
        result("logs/compare_methods/{site}/{protocol}.log"),
    benchmark:
        result("benchmarks/compare_methods/{site}/{protocol}.tsv")
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("compare_methods"),
        study=STUDY["study"],
        pairs=lambda wildcards: pairs(wildcards.protocol),
        draws=STUDY["bootstrap"]["draws"],
        seed=STUDY["bootstrap"]["seed"],
    message:
        "Compare the methods of {wildcards.protocol} on {wildcards.site}"
    script:
        "../scripts/compare_methods.py"
