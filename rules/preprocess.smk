# All bands of a site on one grid and in one unit, the split of the ground, and the rasters that
# follow from these.
#
# Intermediate rasters are temp(), but profiles/default keeps them (notemp). If they were deleted,
# an edit of one of their readers would make them again and then rerun all other readers: an edit of
# a metric would train again, since scoring and training read the degraded bands. Deleting frees
# little: of 106 MB of rasters in the demo, the shuffled SAR takes 0.2, the degraded bands 0.5 and
# the inputs at a third of the pixel size 11; the fused bands, which are results, take 83.


rule prepare_stack:
    input:
        optical="<results>/scenes/{site}/optical.tif",
        sar="<results>/scenes/{site}/sar.tif",
    output:
        stack="<results>/stack/{site}.tif",
        split="<results>/stack/{site}.split.tif",
        description="<results>/stack/{site}.json",
    log:
        "<logs>/prepare_stack/{site}.log",
    benchmark:
        "<benchmarks>/prepare_stack/{site}.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        code=code("prepare_stack"),
        mask=lambda wildcards: setting(STUDY, wildcards.site, "optical")["mask"],
        sar_settings=setting_of("sar"),
        split_settings=setting_of("split"),
    message:
        "Mask, scale and align the scenes of {wildcards.site}"
    script:
        "../scripts/prepare_stack.py"


rule make_gaps:
    input:
        lambda wildcards: gap_mask_files(wildcards.site),
        stack="<results>/stack/{site}.tif",
        split="<results>/stack/{site}.split.tif",
    output:
        gaps="<results>/gaps/{site}.tif",
    log:
        "<logs>/make_gaps/{site}.log",
    benchmark:
        "<benchmarks>/make_gaps/{site}.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        code=code("make_gaps"),
        gap_settings=setting_of("gaps"),
        mask_file=lambda wildcards: gap_mask(wildcards.site),
        flags=lambda wildcards: gap_flags(wildcards.site),
    message:
        "Draw the gaps of {wildcards.site}"
    script:
        "../scripts/make_gaps.py"


rule shuffle_sar:
    input:
        stack="<results>/stack/{site}{scale}.tif",
    output:
        shuffled=temp("<results>/stack/{site}{scale}.shuffled.tif"),
    log:
        "<logs>/shuffle_sar/{site}{scale}.log",
    benchmark:
        "<benchmarks>/shuffle_sar/{site}{scale}.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        code=code("shuffle_sar"),
        seed=lambda wildcards: setting(STUDY, wildcards.site, "split")["seed"],
    message:
        "Shuffle the SAR ratio of {wildcards.site}"
    script:
        "../scripts/shuffle_sar.py"


rule reduce_resolution:
    input:
        stack="<results>/stack/{site}.tif",
    output:
        reduced=temp("<results>/stack/{site}.reduced.tif"),
    log:
        "<logs>/reduce_resolution/{site}.log",
    benchmark:
        "<benchmarks>/reduce_resolution/{site}.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        code=code("reduce_resolution"),
        gain_at_nyquist=lambda wildcards: setting(STUDY, wildcards.site, "sharpening")[
            "gain_at_nyquist"
        ],
    message:
        "Degrade the optical bands of {wildcards.site} to three times the pixel size"
    script:
        "../scripts/reduce_resolution.py"


rule prepare_full_scale:
    input:
        stack="<results>/stack/{site}.tif",
        sar="<results>/scenes/{site}/sar.tif",
    output:
        full=temp("<results>/stack/{site}.full.tif"),
    log:
        "<logs>/prepare_full_scale/{site}.log",
    benchmark:
        "<benchmarks>/prepare_full_scale/{site}.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        code=code("prepare_full_scale"),
        noise_floor_db=lambda wildcards: setting(STUDY, wildcards.site, "sar")["noise_floor_db"],
    message:
        "Bring optical and SAR of {wildcards.site} to a third of the pixel size"
    script:
        "../scripts/prepare_full_scale.py"
