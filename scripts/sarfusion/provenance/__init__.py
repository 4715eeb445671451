"""Where each result comes from: code, software, crate."""
