"""External libraries: find, plan, name, copy, edit, list in the SBOM."""
