# Trained models. One job per site, protocol, model and input (and band, see `each_run`). Its seeds
# share the start of a process and the reading of the scene, which take as long as the training of a
# small model.

# Environment with PyTorch for --sdm conda, also for fusing.
DEVICE = STUDY["training"]["device"]
TORCH_ENV = "../envs/train-cuda.yaml" if DEVICE == "cuda" else "../envs/train.yaml"


# The scaling of the channels for a transfer. It comes from the training ground of all its training
# sites together, so that nothing of the tested site is known.
rule pool_ground:
    input:
        stacks=lambda wildcards: at_ground(wildcards.folder, "<results>/stack/{site}.tif"),
        splits=lambda wildcards: at_ground(wildcards.folder, "<results>/stack/{site}.split.tif"),
    output:
        description="<results>/stack/{folder}.json",
    log:
        "<logs>/pool_ground/{folder}.log",
    benchmark:
        "<benchmarks>/pool_ground/{folder}.tsv"
    wildcard_constraints:
        folder=one_of(LAYOUT.transfers),
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("pool_ground"),
        sites=lambda wildcards: ground_of(wildcards.folder),
        clip_percentiles=STUDY["sar"]["clip_percentiles"],
    message:
        "Scale the channels of {params.sites} together"
    script:
        "../scripts/pool_ground.py"


rule train_model:
    input:
        unpack(
            lambda wildcards: training_files(wildcards.protocol, wildcards.site, wildcards.input)
        ),
        description="<results>/stack/{site}.json",
    output:
        weights=each_run(
            "<results>/models/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.safetensors",
            TRAINED_APART,
        ),
        records=each_run(
            "<results>/models/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.json",
            TRAINED_APART,
        ),
    log:
        of_job("<logs>/train_model/{site}/{protocol}/{band}/{model}-{input}.log", TRAINED_APART),
    benchmark:
        of_job(
            "<benchmarks>/train_model/{site}/{protocol}/{band}/{model}-{input}.tsv",
            TRAINED_APART,
        )
    wildcard_constraints:
        site=one_of([*PLANNED, *LAYOUT.transfers]),
    conda:
        TORCH_ENV
    # One thread per model, so that several models train in parallel and the weights do not depend
    # on the number of cores. `set-threads` in a profile gives large models more.
    threads: 1
    resources:
        mem_mb=whole_arrays(60),
        runtime=growing(240),
    params:
        code=code("train_model"),
        network=network_code,
        seeds=SEEDS,
        given=lambda wildcards: LAYOUT.inputs[wildcards.input].channels,
        places=lambda wildcards: LAYOUT.places(wildcards.protocol),
        bands=(lambda wildcards: [wildcards.band]) if TRAINED_APART else BANDS,
        model_settings=lambda wildcards: STUDY["models"][wildcards.model],
        training_settings=STUDY["training"],
        buffer_px=lambda wildcards: min(
            setting(STUDY, site, "split")["buffer_px"] for site in ground_of(wildcards.site)
        ),
        preparation=lambda wildcards: preparation(wildcards.protocol, wildcards.site),
        trained_on=lambda wildcards: (
            ground_of(wildcards.site) if wildcards.site in LAYOUT.transfers else None
        ),
    message:
        "Train {wildcards.model} ({wildcards.input}) on {params.bands} of {wildcards.site}"
        " for {wildcards.protocol}"
    script:
        "../scripts/train_model.py"
