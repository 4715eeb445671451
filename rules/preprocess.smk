# All bands of a site on one grid and in one unit, the split of the ground, and the rasters that
# follow from these.
#
# Intermediate rasters are temp(), but profiles/default keeps them (notemp). If they were deleted,
# an edit of a script that reads them would make them again and then rerun all other such scripts:
# an edit of a metric would repeat the training, since scoring and training both read the degraded
# bands. Deleting them frees little: of 106 MB of rasters in the demo, the SAR of controls takes
# 0.2, the degraded bands 0.5 and the inputs at a third of the pixel size 11; the fused bands, which
# are results, take 83.


rule prepare_stack:
    input:
        **LAYOUT.aerosol,
        optical="<results>/scenes/{site}/optical.tif",
        sar="<results>/scenes/{site}/sar.tif",
    output:
        **({} if LAYOUT.fills_only else {"split": "<results>/stack/{site}.split.tif"}),
        stack="<results>/stack/{site}.tif",
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
        optical_bands=LAYOUT.optical_bands,
        mask=lambda wildcards: setting(STUDY, wildcards.site, "optical")["mask"],
        mask_aerosol=lambda wildcards: setting(STUDY, wildcards.site, "optical")["mask_aerosol"],
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
        sensor=lambda wildcards: gap_sensor(wildcards.site),
    message:
        "Draw the gaps of {wildcards.site}"
    script:
        "../scripts/make_gaps.py"


# The other dates as networks get them, and their age, by which scores are grouped.
rule match_dates:
    input:
        unpack(lambda wildcards: dates_of(wildcards.site)),
        stack="<results>/stack/{site}.tif",
        split="<results>/stack/{site}.split.tif",
    output:
        matched="<results>/stack/{site}.dates.tif",
    log:
        "<logs>/match_dates/{site}.log",
    benchmark:
        "<benchmarks>/match_dates/{site}.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=whole_arrays(60 + 80 * MOST_DATES),
        runtime=growing(30),
    params:
        code=code("match_dates"),
        mask=lambda wildcards: setting(STUDY, wildcards.site, "optical")["mask"],
    message:
        "Match the other dates of {wildcards.site} to its scene"
    script:
        "../scripts/match_dates.py"


# The surfaces that networks start from in the gaps, so that they only learn a difference.
rule start_gaps:
    input:
        unpack(lambda wildcards: dates_in_gaps()),
        stack="<results>/stack/{site}.tif",
        sar="<results>/stack/{site}.tif",
        gaps="<results>/gaps/{site}.tif",
    output:
        start=temp("<results>/gaps/{site}.start.tif"),
    log:
        "<logs>/start_gaps/{site}.log",
    benchmark:
        "<benchmarks>/start_gaps/{site}.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=whole_arrays(60),
        runtime=growing(120),
    params:
        code=code("start_gaps"),
        bands=BANDS,
        radar=LAYOUT.radar_of(LAYOUT.withholding),
        method=lambda wildcards: setting(STUDY, wildcards.site, "gaps")["start"],
    message:
        "Make a first guess of what the gaps of {wildcards.site} hide"
    script:
        "../scripts/start_gaps.py"


use rule start_gaps as start_gaps_displaced with:
    input:
        unpack(lambda wildcards: dates_in_gaps(wildcards.control)),
        stack="<results>/stack/{site}.tif",
        sar="<results>/stack/{site}.{control}.tif",
        gaps="<results>/gaps/{site}.tif",
    output:
        start=temp("<results>/gaps/{site}.{control}.start.tif"),
    log:
        "<logs>/start_gaps_displaced/{site}.{control}.log",
    benchmark:
        "<benchmarks>/start_gaps_displaced/{site}.{control}.tsv"
    params:
        radar=lambda wildcards: LAYOUT.radar_of(LAYOUT.withholding, wildcards.control),
    message:
        "Make a first guess of what the gaps of {wildcards.site} hide, with {wildcards.control} SAR"


rule make_training_gaps:
    input:
        unpack(lambda wildcards: real_gaps(wildcards.site)),
        stack="<results>/stack/{site}.tif",
        split="<results>/stack/{site}.split.tif",
    output:
        views=temp("<results>/gaps/{site}.training.npz"),
    log:
        "<logs>/make_training_gaps/{site}.log",
    benchmark:
        "<benchmarks>/make_training_gaps/{site}.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=whole_arrays(30),
        runtime=growing(60),
    params:
        code=code("make_training_gaps"),
        bands=BANDS,
        gap_settings=setting_of("gaps"),
    message:
        "Draw the training gaps of {wildcards.site}"
    script:
        "../scripts/make_training_gaps.py"


rule displace_sar:
    input:
        stack="<results>/stack/{site}{scale}.tif",
    output:
        displaced=temp("<results>/stack/{site}{scale}.{control}.tif"),
    log:
        "<logs>/displace_sar/{site}{scale}.{control}.log",
    benchmark:
        "<benchmarks>/displace_sar/{site}{scale}.{control}.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        code=code("displace_sar"),
        bands=lambda wildcards: LAYOUT.radar_of(
            LAYOUT.full_scale if wildcards.scale else LAYOUT.protocols, wildcards.control
        ),
        seed=lambda wildcards: setting(STUDY, wildcards.site, "split")["seed"],
    message:
        "Put SAR of {wildcards.site} in the wrong places ({wildcards.control})"
    script:
        "../scripts/displace_sar.py"


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


rule add_noise:
    input:
        stack="<results>/stack/{site}.tif",
        description="<results>/stack/{site}.json",
    output:
        noisy=temp("<results>/stack/{site}.noisy.tif"),
    log:
        "<logs>/add_noise/{site}.log",
    benchmark:
        "<benchmarks>/add_noise/{site}.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        code=code("add_noise"),
        denoise_settings=STUDY["denoise"],
    message:
        "Blur the optical bands of {wildcards.site} and add noise to them"
    script:
        "../scripts/add_noise.py"


rule prepare_full_scale:
    input:
        stack="<results>/stack/{site}.tif",
        sar="<results>/scenes/{site}/sar.tif",
        description="<results>/stack/{site}.json",
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
