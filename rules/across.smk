# Tables over all sites of a study, and tables of models on sites that they were not trained on.


rule tabulate_across:
    input:
        metrics="<results>/tables/metrics.csv",
        differences=list(SCORED.difference_tables()),
        descriptions=[f"<results>/stack/{site}.json" for site in SITES],
    output:
        scores_csv="<results>/tables/across_sites.csv",
        differences_csv="<results>/tables/across_sites_differences.csv",
        md="<results>/tables/across_sites.md",
    log:
        "<logs>/tabulate_across.log",
    benchmark:
        "<benchmarks>/tabulate_across.tsv"
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=of_all_sites(2000),
        runtime=growing(30),
    params:
        code=code("tabulate_across"),
        missing=MISSING,
        left_out=transfers_left_out(STUDY),
    message:
        "Summarise all sites"
    script:
        "../scripts/tabulate_across.py"


rule tabulate_transfer:
    input:
        metrics="<results>/tables/metrics.csv",
        scores=list(SCORED.transfer_tables()),
    output:
        transferred="<results>/tables/transfer_metrics.csv",
        csv="<results>/tables/transfer.csv",
        md="<results>/tables/transfer.md",
    log:
        "<logs>/tabulate_transfer.log",
    benchmark:
        "<benchmarks>/tabulate_transfer.tsv"
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=of_all_sites(2000),
        runtime=growing(30),
    params:
        code=code("tabulate_transfer"),
        tested=[
            (LAYOUT.transfers[folder]["name"], LAYOUT.transfers[folder]["train"])
            for *_, folder in SCORED.transfer_tables().values()
        ],
        missing=MISSING,
        left_out=transfers_left_out(STUDY),
    message:
        "Compare models on sites that they have not seen"
    script:
        "../scripts/tabulate_transfer.py"
