"""What the cases share."""

from __future__ import annotations

import pytest
from specimen import Workshop


@pytest.fixture(scope="session")
def workshop(tmp_path_factory, worker_id):
    """Where specimens are compiled, one place for all test processes."""
    base = tmp_path_factory.getbasetemp()
    return Workshop((base if worker_id == "master" else base.parent) / "specimens")
