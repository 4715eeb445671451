# The viewer: a page per site with every layer of the first seed. It opens from disk.

SITE_OF_PAGE = {Path(page).stem: site for site, page in LAYOUT.pages().items()}


def viewer_inputs(wildcards):
    """Return the named inputs of a page of the viewer."""
    site = SITE_OF_PAGE[wildcards.page]
    named = {
        "stack": "<results>/stack/{site}.tif",
        "split": "<results>/stack/{site}.split.tif",
        "metadata": "<results>/scenes/{site}/scene.json",
    } | LAYOUT.truth(site)
    for protocol in STUDY["protocols"]:
        named |= LAYOUT.gaps(protocol)
    named = {name: path.replace("{site}", site) for name, path in named.items()}
    fused = [
        path
        for protocol, scale, run in LAYOUT.viewer_runs()
        for path in LAYOUT.fused(site, protocol, [run], scale)
    ]
    return named | {"fused": fused, "scores": list(LAYOUT.score_tables([site]))}


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
