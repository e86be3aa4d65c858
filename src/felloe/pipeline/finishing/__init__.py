"""What every wheel goes through before it is written: audit, graft, tags, what was copied."""
