"""SBOM of copied libraries, their packages and licenses."""
