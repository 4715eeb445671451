# Tables and figures over all sites of a study, and of models on sites that they have not seen.


rule tabulate_across:
    input:
        metrics=result("tables/metrics.csv"),
        differences=difference_files(),
    output:
        scores_csv=result("tables/across_sites.csv"),
        differences_csv=result("tables/across_sites_differences.csv"),
        md=result("tables/across_sites.md"),
    log:
        result("logs/tabulate_across.log"),
    benchmark:
        result("benchmarks/tabulate_across.tsv")
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000 + 5 * len(SITES)),
        runtime=growing(30),
    params:
        code=code("tabulate_across"),
        missing=MISSING,
        left_out=transfers_left_out(STUDY),
    message:
        "Summarise all sites"
    script:
        "../scripts/tabulate_across.py"


rule plot_across_scores:
    input:
        metrics=result("tables/metrics.csv"),
    output:
        png=report(
            result("figures/across_sites_{protocol}_scores.png"),
            caption="../config/captions/across_sites_scores.rst",
            category="Across sites",
            labels={"protocol": "{protocol}", "shows": "scores"},
        ),
        pdf=result("figures/across_sites_{protocol}_scores.pdf"),
    log:
        result("logs/plot_across_scores/{protocol}.log"),
    benchmark:
        result("benchmarks/plot_across_scores/{protocol}.tsv")
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000 + 5 * len(SITES)),
        runtime=growing(30),
    params:
        code=code("plot_across_scores"),
        missing=MISSING,
    message:
        "Draw the scores of {wildcards.protocol} over all sites"
    script:
        "../scripts/plot_across_scores.py"


rule plot_across_differences:
    input:
        differences=difference_files(),
    output:
        png=report(
            result("figures/across_sites_differences.png"),
            caption="../config/captions/across_sites_differences.rst",
            category="Across sites",
            labels={"shows": "paired differences"},
        ),
        pdf=result("figures/across_sites_differences.pdf"),
    log:
        result("logs/plot_across_differences.log"),
    benchmark:
        result("benchmarks/plot_across_differences.tsv")
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000 + 5 * len(SITES)),
        runtime=growing(30),
    params:
        code=code("plot_across_differences"),
        missing=MISSING,
    message:
        "Draw what the SAR ratio changes, over all sites"
    script:
        "../scripts/plot_across_differences.py"


rule tabulate_transfer:
    input:
        metrics=result("tables/metrics.csv"),
        scores=list(transfer_scores()),
    output:
        transferred=result("tables/transfer_metrics.csv"),
        csv=result("tables/transfer.csv"),
        md=result("tables/transfer.md"),
    log:
        result("logs/tabulate_transfer.log"),
    benchmark:
        result("benchmarks/tabulate_transfer.tsv")
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000 + 5 * len(SITES)),
        runtime=growing(30),
    params:
        code=code("tabulate_transfer"),
        tested=list(transfer_scores().values()),
        missing=MISSING,
        left_out=transfers_left_out(STUDY),
    message:
        "Compare models on sites that they have not seen"
    script:
        "../scripts/tabulate_transfer.py"


rule plot_transfer:
    input:
        metrics=result("tables/metrics.csv"),
        transferred=result("tables/transfer_metrics.csv"),
    output:
        png=report(
            result("figures/transfer.png"),
            caption="../config/captions/transfer.rst",
            category="Across sites",
            labels={"shows": "transfer"},
        ),
        pdf=result("figures/transfer.pdf"),
    log:
        result("logs/plot_transfer.log"),
    benchmark:
        result("benchmarks/plot_transfer.tsv")
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000 + 5 * len(SITES)),
        runtime=growing(30),
    params:
        code=code("plot_transfer"),
        missing=MISSING,
    message:
        "Draw what a model loses on a site that it has not seen"
    script:
        "../scripts/plot_transfer.py"
