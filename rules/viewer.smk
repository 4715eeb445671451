# A page that shows every layer of a site, of the first seed; it opens from disk.


rule build_viewer:
    input:
        unpack(lambda wildcards: viewer_ground(viewer_site(wildcards))),
        template=project_file("scripts/sarfusion/show/viewer/page.html"),
        style=project_file("scripts/sarfusion/show/viewer/page.css"),
        page_script=project_file("scripts/sarfusion/show/viewer/page.js"),
        stack=lambda wildcards: result(f"stack/{viewer_site(wildcards)}.tif"),
        split=lambda wildcards: result(f"stack/{viewer_site(wildcards)}.split.tif"),
        metadata=lambda wildcards: result(f"scenes/{viewer_site(wildcards)}/scene.json"),
        fused=lambda wildcards: viewer_fused(viewer_site(wildcards)),
        scores=lambda wildcards: site_scores(viewer_site(wildcards)),
    output:
        html=result("viewer/{page}.html"),
    log:
        result("logs/build_viewer/{page}.log"),
    benchmark:
        result("benchmarks/build_viewer/{page}.tsv")
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
        runs=viewer_runs(),
        pages=viewer_pages(),
        limit_mb=STUDY["viewer"]["limit_mb"],
    message:
        "Build the viewer, page {wildcards.page}"
    script:
        "../scripts/build_viewer.py"
