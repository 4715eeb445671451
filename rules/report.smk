# The tables as HTML pages for the report.


rule show_tables:
    input:
        tables=[f"<results>/tables/{name}.md" for name in LAYOUT.report_tables()],
    output:
        pages=[
            report(
                path,
                caption=f"../config/captions/{name}.rst",
                category=REPORT_TABLES[name][0],
                labels=REPORT_TABLES[name][1],
            )
            for name, path in LAYOUT.report_tables().items()
        ],
    log:
        "<logs>/show_tables.log",
    benchmark:
        "<benchmarks>/show_tables.tsv"
    conda:
        "../envs/viewer.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code("show_tables"),
    message:
        "Lay out the tables for the report"
    script:
        "../scripts/show_tables.py"
