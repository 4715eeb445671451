# The tables as pages, for the report.


rule show_tables:
    input:
        tables=[result(f"tables/{name}.md") for name in report_files()],
    output:
        pages=[
            report(
                path,
                caption=f"../config/captions/{name}.rst",
                category=SHOWN_TABLES[name][0],
                labels=SHOWN_TABLES[name][1],
            )
            for name, path in report_files().items()
        ],
    log:
        result("logs/show_tables.log"),
    benchmark:
        result("benchmarks/show_tables.tsv")
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
