"""What a study consists of: its configuration, and the records that everything reads."""
