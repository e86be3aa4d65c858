"""The engine, with another backend's hooks under the name of its own.

First on the path of the engine's own tests, it leads everything to the real
package, save :mod:`scikit_build_core.build`, where felloe's hooks stand.
"""

import os
import sys
from pathlib import Path

_HERE = Path(__file__).parent
_REAL = next(
    path
    for path in (Path(entry, __name__) for entry in sys.path)
    if path != _HERE and (path / "__init__.py").is_file()
)

__path__ = [str(_REAL)] if "CONFORMANCE_INSIDE" in os.environ else [str(_HERE), str(_REAL)]
exec((_REAL / "__init__.py").read_text())
