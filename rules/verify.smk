# Targets of `./reproduce verify`, which compares them with another person's results.


rule scores:
    input:
        list(LAYOUT.score_tables()),
        list(LAYOUT.transfer_tables()),
        list(LAYOUT.uncertainty_tables()),
        list(LAYOUT.land_cover_tables()),
        [
            path
            for path, (_, protocol) in LAYOUT.difference_tables().items()
            if LAYOUT.whole_runs(protocol)
        ],
    localrule: True
    message:
        "The scores are complete"


# All that follows from scores; with the setting `scores_from`, from another person's scores.
rule derived:
    input:
        SCORED.tables(),
        "<results>/figures/tables.txt",
    localrule: True
    message:
        "Everything that follows from the scores is complete"


# The pictures that the available models make: maps, and the cloud-free scenes.
if "scores_from" in STUDY:

    rule pictures:
        input:
            [f"<results>/figures/{part}.txt" for part in DRAWN_AGAIN if part != "tables"],
            LAYOUT.product_tables(),
        localrule: True
        message:
            "The pictures are complete"


# Models that `./reproduce verify` draws at random, trains and scores, each separately. All of them
# fuse in one job, and train in one if training is short, since the start of PyTorch takes longer.

SPOT = Layout(STUDY, "<results>/spot")
SPOT_MODEL = "<results>/spot/models/{site}/{protocol}/{band}/{model}-{input}/seed{seed}"
SPOT_RUNS = [
    (site, (protocol, *run))
    for site in SPOT.sites
    for protocol in SPOT.protocols
    for run in SPOT.spot_runs(site, protocol)
]


if LONG_TRAINING:

    use rule train_model as train_spot with:
        output:
            weights=[f"{SPOT_MODEL}.safetensors"],
            records=[f"{SPOT_MODEL}.json"],
        log:
            "<logs>/train_spot/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.log",
        benchmark:
            "<benchmarks>/train_spot/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.tsv"
        # The longest job. If it began last, the other cores would have no work.
        priority: 2
        params:
            seeds=lambda wildcards: [int(wildcards.seed)],
            bands=lambda wildcards: [wildcards.band],
        message:
            "Train {wildcards.model} ({wildcards.input}), {wildcards.band}, seed {wildcards.seed},"
            " of {wildcards.site} for {wildcards.protocol}"

elif SPOT_RUNS:

    rule train_spot:
        input:
            [path for one in SPOT_RUNS for paths in spot_files(*one).values() for path in paths],
            descriptions=[f"<results>/stack/{site}.json" for site, _ in SPOT_RUNS],
        output:
            weights=spot_models(".safetensors"),
            records=spot_models(".json"),
        log:
            "<logs>/train_spot.log",
        benchmark:
            "<benchmarks>/train_spot.tsv"
        conda:
            TORCH_ENV
        threads: 1
        resources:
            mem_mb=of_all_sites(4000),
            runtime=growing(240),
        params:
            code=network_codes([run for _, run in SPOT_RUNS], "train_spots"),
            models=[
                spot_values(*one)
                | {name: list(map(real, paths)) for name, paths in spot_files(*one).items()}
                for one in SPOT_RUNS
            ],
        message:
            "Train the models that the dice drew"
        script:
            "../scripts/train_spots.py"


if SPOT_RUNS:

    use rule fuse_scene as fuse_spot with:
        input:
            optical=[LAYOUT.given(run[0], run[3]).format(site=site) for site, run in SPOT_RUNS],
            sar=[LAYOUT.sar(run[3]).format(site=site) for site, run in SPOT_RUNS],
            weights=spot_models(".safetensors"),
            records=spot_models(".json"),
        output:
            fused=[
                path for site, (name, *run) in SPOT_RUNS for path in SPOT.fused(site, name, [run])
            ],
        log:
            "<logs>/fuse_spot.log",
        benchmark:
            "<benchmarks>/fuse_spot.tsv"
        params:
            code=network_codes([run for _, run in SPOT_RUNS]),
        message:
            "Fuse with the models that the dice drew"


use rule evaluate_fusion as evaluate_spot with:
    input:
        unpack(lambda wildcards: LAYOUT.gaps(wildcards.protocol)),
        unpack(lambda wildcards: LAYOUT.from_dates(wildcards.protocol)),
        unpack(lambda wildcards: LAYOUT.matched_ages(wildcards.protocol)),
        optical=lambda wildcards: LAYOUT.optical(wildcards.protocol),
        stack="<results>/stack/{site}.tif",
        split="<results>/stack/{site}.split.tif",
        description="<results>/stack/{site}.json",
        fused=lambda wildcards: SPOT.fused(
            wildcards.site,
            wildcards.protocol,
            SPOT.spot_runs(wildcards.site, wildcards.protocol),
        ),
    output:
        table="<results>/spot/metrics/{site}/{protocol}.csv",
    log:
        "<logs>/evaluate_spot/{site}/{protocol}.log",
    benchmark:
        "<benchmarks>/evaluate_spot/{site}/{protocol}.tsv"
    params:
        runs=lambda wildcards: SPOT.spot_runs(wildcards.site, wildcards.protocol),
        compared=[],


rule spot:
    input:
        list(SPOT.spot_tables()),
    localrule: True
    message:
        "The spot checks are complete"
