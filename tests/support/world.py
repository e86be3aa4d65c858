"""Old name of support.{paths,process,interpreters,json_schema}, kept for one day."""

from support.interpreters import EACH_VERSION, VERSIONS, find_python
from support.json_schema import validate
from support.paths import EXAMPLES, PROJECTS, ROOT
from support.process import DEBUG, run

__all__ = [
    "DEBUG",
    "EACH_VERSION",
    "EXAMPLES",
    "PROJECTS",
    "ROOT",
    "VERSIONS",
    "find_python",
    "run",
    "validate",
]
