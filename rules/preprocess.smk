# One grid, one unit per band, and the ground split for training and test.


rule prepare_stack:
    input:
        code=code("prepare_stack"),
        optical=result("scenes/{site}/optical.tif"),
        sar=result("scenes/{site}/sar.tif"),
    output:
        stack=result("stack/{site}.tif"),
        split=result("stack/{site}.split.tif"),
        description=result("stack/{site}.json"),
    log:
        result("logs/prepare_stack/{site}.log"),
    benchmark:
        result("benchmarks/prepare_stack/{site}.tsv")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        mask=STUDY["optical"]["mask"],
        sar=STUDY["sar"],
        split=STUDY["split"],
    message:
        "Mask, scale and align the scenes of {wildcards.site}"
    script:
        "../scripts/prepare_stack.py"
