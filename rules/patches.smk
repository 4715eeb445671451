# The positions of the training, validation and test patches.


rule index_patches:
    input:
        split="<results>/stack/{site}.split.tif",
    output:
        patches="<results>/patches/{site}.parquet",
    log:
        "<logs>/index_patches/{site}.log",
    benchmark:
        "<benchmarks>/index_patches/{site}.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code("index_patches"),
        sizes=sorted({model["patch_px"] for model in STUDY["models"].values()}),
        stride=STUDY["patches"]["stride_px"],
    message:
        "Index the patches of {wildcards.site}"
    script:
        "../scripts/index_patches.py"
