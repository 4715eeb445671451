# Targets of `./reproduce verify`, which compares them with the results of another person.


rule scores:
    input:
        list(LAYOUT.score_tables()),
        list(LAYOUT.transfer_tables()),
        [
            path
            for path, (_, protocol) in LAYOUT.difference_tables().items()
            if LAYOUT.is_comparable(protocol)
        ],
    localrule: True
    message:
        "The scores are complete"


# All that follows from scores, with the setting `scores_from` from those of another person.
rule derived:
    input:
        SCORED.tables(),
        SCORED.figures(lambda figure: figure.from_tables),
    localrule: True
    message:
        "All that follows from the scores is complete"


# Models that `./reproduce verify` draws by chance, trains and scores, each on its own.

SPOT = Layout(STUDY, "<results>/spot")
SPOT_MODEL = "<results>/spot/models/{site}/{protocol}/{band}/{model}-{input}/seed{seed}"


use rule train_model as train_spot with:
    output:
        weights=[f"{SPOT_MODEL}.safetensors"],
        records=[f"{SPOT_MODEL}.json"],
    log:
        "<logs>/train_spot/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.log",
    benchmark:
        "<benchmarks>/train_spot/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.tsv"
    params:
        seeds=lambda wildcards: [int(wildcards.seed)],
        bands=lambda wildcards: [wildcards.band],
    message:
        "Train {wildcards.model} ({wildcards.input}), {wildcards.band}, seed {wildcards.seed},"
        " of {wildcards.site} for {wildcards.protocol}"


use rule fuse_scene as fuse_spot with:
    input:
        unpack(lambda wildcards: LAYOUT.gaps(wildcards.protocol)),
        optical=lambda wildcards: LAYOUT.optical(wildcards.protocol),
        sar=lambda wildcards: LAYOUT.sar(wildcards.input),
        weights=[f"{SPOT_MODEL}.safetensors"],
        records=[f"{SPOT_MODEL}.json"],
    output:
        fused=["<results>/spot/fused/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.tif"],
    log:
        "<logs>/fuse_spot/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.log",
    benchmark:
        "<benchmarks>/fuse_spot/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.tsv"


use rule evaluate_fusion as evaluate_spot with:
    input:
        unpack(lambda wildcards: LAYOUT.gaps(wildcards.protocol)),
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
        pairs=[],


rule spot:
    input:
        list(SPOT.spot_tables()),
    localrule: True
    message:
        "The spot checks are complete"
