# The tables as pages, for the report.

SHOWN_TABLES = {
    "claims": ("Claims", {"shows": "claims, as a table"}),
    "summary": ("Tables", {"shows": "scores over seeds"}),
    "models": ("Tables", {"shows": "size of the models"}),
    "across_sites": ("Across sites", {"shows": "means over sites"}),
    "transfer": ("Across sites", {"shows": "transfer, as a table"}),
}


def report_files():
    """The pages of the report, in the order of SHOWN_TABLES."""
    made = [Path(path).stem for path in table_files() if path.endswith(".md")]
    return {name: result(f"report/{name}.html") for name in SHOWN_TABLES if name in made}


rule show_tables:
    input:
        code=code("show_tables"),
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
    message:
        "Lay out the tables for the report"
    script:
        "../scripts/show_tables.py"
