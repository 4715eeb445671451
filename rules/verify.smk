# What `./reproduce verify` makes again, to hold it against the results of another person.


localrules:
    scores,


rule scores:
    input:
        score_files(),
        list(transfer_scores()),
        [
            result(f"metrics/{site}/{protocol}.differences.csv")
            for site in SITES
            for protocol in STUDY["protocols"]
            if is_comparable(protocol)
        ],
    message:
        "The scores are complete"
