# The viewer: a page per site with every layer of the first seed, which opens from disk.


rule build_viewer:
    input:
        unpack(viewer_inputs),
        template=project_file("scripts/sarfusion/show/viewer/page.html"),
        style=project_file("scripts/sarfusion/show/viewer/page.css"),
        page_script=project_file("scripts/sarfusion/show/viewer/page.js"),
    output:
        html="<results>/viewer/{page}.html",
    log:
        "<logs>/build_viewer/{page}.log",
    benchmark:
        "<benchmarks>/build_viewer/{page}.tsv"
    wildcard_constraints:
        page=one_of(SITE_OF_PAGE),
    conda:
        "../envs/viewer.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        code=code("build_viewer"),
        study=STUDY["study"],
        bands=BANDS,
        runs=LAYOUT.viewer_runs(),
        pages=LAYOUT.pages(),
        limit_mb=STUDY["viewer"]["limit_mb"],
    message:
        "Build the viewer, page {wildcards.page}"
    script:
        "../scripts/build_viewer.py"
