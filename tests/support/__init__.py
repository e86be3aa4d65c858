"""What several test files share: paths, sample files, sample projects."""
