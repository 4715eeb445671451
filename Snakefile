# The study, from raw scenes to figures and tables. This file names the targets for users; the work
# is in rules/, one file per stage.

from snakemake.utils import min_version

min_version("9.0")

# Not a plain `configfile:`, since Snakemake would merge the demo into every other study. A workflow
# that uses this one as a module gives a study.
if "study" not in config and workflow.modifier.is_main_snakefile():

    configfile: "config/demo.yaml"


report: "config/captions/study.rst"


include: "rules/planning.smk"
include: "rules/common.smk"
include: "rules/inputs.smk"
include: "rules/missing.smk"


# Every rule from here on runs in this image with --sdm apptainer; envs/apptainer.def makes it.
container: image()


include: "rules/scenes.smk"
include: "rules/preprocess.smk"
include: "rules/patches.smk"
include: "rules/train.smk"
include: "rules/fuse.smk"
include: "rules/evaluate.smk"
include: "rules/product.smk"
include: "rules/fill.smk"
include: "rules/tables.smk"
include: "rules/figures.smk"
include: "rules/across.smk"
include: "rules/viewer.smk"
include: "rules/report.smk"
include: "rules/trace.smk"
include: "rules/parts.smk"
include: "rules/paper.smk"
include: "rules/disk.smk"
include: "rules/provenance.smk"
include: "rules/verify.smk"


rule all:
    default_target: True
    input:
        LAYOUT.tables(),
        LAYOUT.figures(),
        LAYOUT.products(),
        LAYOUT.product_tables(),
        "<results>/paper.pdf",
        LAYOUT.viewer(),
        list(LAYOUT.report_tables().values()),
        "<results>/config.yaml",
        "<results>/provenance",
    localrule: True
    message:
        "The study is complete"


rule tables:
    input:
        LAYOUT.tables(),
    localrule: True
    message:
        "The tables are complete"


rule products:
    input:
        LAYOUT.products(),
        LAYOUT.product_tables(),
    localrule: True
    message:
        "The cloud-free images are complete"


rule figures:
    input:
        LAYOUT.figures(),
    localrule: True
    message:
        "The figures are complete"


rule viewer:
    input:
        LAYOUT.viewer(),
    localrule: True
    message:
        "The viewer is complete"


onstart:
    note_origin(STUDY["study"], STUDY_FILES)
    announce_disk()
    forget_missing_sites()


onerror:
    note_missing_sites(log)
