"""The `felloe build` command: matrix, schedule, tests, report."""
