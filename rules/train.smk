# One job per site, protocol, band, model and input: its seeds share the start of a process and the
# reading of the scene, which take as long as training a small model.

# Where PyTorch comes from with --sdm conda; fusing takes it too.
DEVICE = STUDY["training"]["device"]
TORCH_ENV = "../envs/train-cuda.yaml" if DEVICE == "cuda" else "../envs/train.yaml"


rule train_model:
    input:
        code=code("train_model"),
        network=network_code,
        optical=lambda wildcards: optical_raster(wildcards.protocol),
        sar=lambda wildcards: sar_raster(wildcards.input),
        stack=result("stack/{site}.tif"),
        stack_json=result("stack/{site}.json"),
        patches=result("patches/{site}.parquet"),
    output:
        weights=each_seed(
            result("models/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.safetensors")
        ),
        records=each_seed(result("models/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.json")),
    log:
        result("logs/train_model/{site}/{protocol}/{band}/{model}-{input}.log"),
    benchmark:
        result("benchmarks/train_model/{site}/{protocol}/{band}/{model}-{input}.tsv")
    conda:
        TORCH_ENV
    # One thread a model: several models train side by side, and the weights do not depend on
    # how many cores a machine has. A profile's `set-threads` gives large models more.
    threads: 1
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        seeds=SEEDS,
        identity=lambda wildcards: dict(wildcards),
        model=lambda wildcards: STUDY["models"][wildcards.model],
        training=STUDY["training"],
        gaps=lambda wildcards: gap_settings(wildcards.protocol),
        buffer_px=STUDY["split"]["buffer_px"],
    message:
        "Train {wildcards.model} ({wildcards.input}) on {wildcards.band} of {wildcards.site}"
        " for {wildcards.protocol}"
    script:
        "../scripts/train_model.py"
