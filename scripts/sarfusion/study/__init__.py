"""What a study asks for: its configuration and the records that everything reads."""
