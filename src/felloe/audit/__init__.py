"""What binaries are held against: members to evidence, evidence to proofs, tags and words."""
