"""What a release is made of, decided: interpreters, builds, budget, record, report."""
