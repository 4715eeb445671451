# The cloud-free image of each site: its clouds filled by the method that did best on validation
# ground, with its uncertainty, and a static STAC catalogue of all sites.

PRODUCT = LAYOUT.product("{site}")
FILLING = LAYOUT.product_protocol


# The surfaces that networks start from under the clouds of the scene, as in simulated gaps.
rule start_clouds:
    input:
        lambda wildcards: list(domain_of_scene(wildcards.site).values()),  # before slow steps
        unpack(lambda wildcards: dates_in_gaps()),
        stack="<results>/stack/{site}.tif",
        sar="<results>/stack/{site}.tif",
    output:
        start=temp("<results>/gaps/{site}.clouds.start.tif"),
    log:
        "<logs>/start_clouds/{site}.log",
    benchmark:
        "<benchmarks>/start_clouds/{site}.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=whole_arrays(60),
        runtime=growing(120),
    params:
        code=code("start_gaps"),
        bands=BANDS,
        radar=LAYOUT.radar_of(LAYOUT.withholding),
        method=lambda wildcards: setting(STUDY, wildcards.site, "gaps")["start"],
    message:
        "Make a first guess of what the clouds of {wildcards.site} hide"
    script:
        "../scripts/start_gaps.py"


rule fill_clouds:
    input:
        unpack(lambda wildcards: uncertainty_of(wildcards.site)),
        unpack(lambda wildcards: domain_of_scene(wildcards.site)),
        optical="<results>/scenes/{site}/optical.tif",
        stack="<results>/stack/{site}.tif",
        start="<results>/gaps/{site}.clouds.start.tif",
        weights=lambda wildcards: LAYOUT.product_models(wildcards.site, ".safetensors"),
        records=lambda wildcards: LAYOUT.product_models(wildcards.site, ".json"),
    output:
        picture=PRODUCT["picture"],
        style=PRODUCT["style"],
        source_style=PRODUCT["source_style"],
        facts=PRODUCT["facts"],
    log:
        "<logs>/fill_clouds/{site}.log",
    benchmark:
        "<benchmarks>/fill_clouds/{site}.tsv"
    conda:
        TORCH_ENV
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        code=code("fill_clouds", *network_modules()),
        study=STUDY["study"],
        mask=lambda wildcards: setting(STUDY, wildcards.site, "optical")["mask"],
        tile_px=STUDY["fusing"]["tile_px"],
        precision=STUDY["fusing"]["precision"],
        device=STUDY["training"]["device"],
    message:
        "Fill the clouds of {wildcards.site}"
    script:
        "../scripts/fill_clouds.py"


rule evaluate_product:
    input:
        unpack(lambda wildcards: LAYOUT.truth(wildcards.site)),
        picture=PRODUCT["picture"],
        facts=PRODUCT["facts"],
    output:
        table=PRODUCT["scores"],
    log:
        "<logs>/evaluate_product/{site}.log",
    benchmark:
        "<benchmarks>/evaluate_product/{site}.tsv"
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=code("evaluate_product"),
        gain_at_nyquist=lambda wildcards: setting(STUDY, wildcards.site, "sharpening")[
            "gain_at_nyquist"
        ],
    message:
        "State how much of the cloud-free image of {wildcards.site} is filled, and the error"
    script:
        "../scripts/evaluate_product.py"


rule tabulate_products:
    input:
        scores=[LAYOUT.product(site)["scores"] for site in SITES],
        metrics="<results>/tables/metrics.csv",
        uncertainties=[path for site in SITES for path in uncertainty_of(site).values()],
    output:
        csv="<results>/tables/product.csv",
        md="<results>/tables/product.md",
    log:
        "<logs>/tabulate_products.log",
    benchmark:
        "<benchmarks>/tabulate_products.tsv"
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=of_all_sites(1000),
        runtime=growing(10),
    params:
        code=code("tabulate_products"),
        protocol=FILLING,
        missing=MISSING,
    message:
        "Tabulate how much of the cloud-free images is filled"
    script:
        "../scripts/tabulate_products.py"


rule catalogue_products:
    input:
        pictures=[LAYOUT.product(site)["picture"] for site in SITES],
        styles=[LAYOUT.product(site)["style"] for site in SITES],
        source_styles=[LAYOUT.product(site)["source_style"] for site in SITES],
        facts=[LAYOUT.product(site)["facts"] for site in SITES],
        metadata=[f"<results>/scenes/{site}/scene.json" for site in SITES],
    output:
        catalogue="<results>/products/catalog.json",
        entries=[LAYOUT.product(site)["item"] for site in SITES],
    log:
        "<logs>/catalogue_products.log",
    benchmark:
        "<benchmarks>/catalogue_products.tsv"
    conda:
        "../envs/scenes.yaml"
    threads: 1
    resources:
        mem_mb=of_all_sites(1000),
        runtime=growing(30),
    params:
        code=code("catalogue_products"),
        study=STUDY["study"],
        sites=SITES,
        catalogue_urls={
            site: catalogue_site(STUDY, site)["catalogue"]["url"] for site in sites_from("stac")
        },
    message:
        "Write the catalogue of the cloud-free images"
    script:
        "../scripts/catalogue_products.py"
