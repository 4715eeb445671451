# Scores on test ground. One job per site and protocol: scoring a raster takes less time than
# starting a process for it.


rule evaluate_fusion:
    input:
        code=code("evaluate_fusion"),
        stack=result("stack/{site}.tif"),
        split=result("stack/{site}.split.tif"),
        description=result("stack/{site}.json"),
        fused=lambda wildcards: fused_files(wildcards.site, wildcards.protocol, runs()),
    output:
        table=result("metrics/{site}/{protocol}.csv"),
    log:
        result("logs/evaluate_fusion/{site}/{protocol}.log"),
    benchmark:
        result("benchmarks/evaluate_fusion/{site}/{protocol}.tsv")
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        study=STUDY["study"],
        runs=runs(),
    message:
        "Score {wildcards.protocol} on the test ground of {wildcards.site}"
    script:
        "../scripts/evaluate_fusion.py"
