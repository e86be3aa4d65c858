"""Select the tests of a tier, and refuse to run a test whose needs are not met."""

from __future__ import annotations

import functools

import pytest

from support import needs

find_missing = functools.cache(needs.find_missing)


def pytest_addoption(parser):
    group = parser.getgroup("tiers")
    group.addoption(
        "--full", action="store_true", help="run the tests that need more than the quick tier"
    )
    group.addoption("--every", action="store_true", help="run the tests of both tiers")


def pytest_configure(config):
    for name, meaning in needs.MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    full, every = config.getoption("--full"), config.getoption("--every")
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        _mark_by_fixtures(item)
        tier = {marker.name for marker in item.iter_markers()} & set(needs.MARKERS)
        wanted = every or bool(tier) is full
        if wanted and not config.getoption("markexpr"):
            wanted = not tier & needs.EXTRA
        (kept if wanted else left).append(item)
    items[:] = kept
    if left:
        config.hook.pytest_deselected(items=left)


def _mark_by_fixtures(item):
    for fixture in set(item.fixturenames) & set(needs.FIXTURES):
        name, *words = needs.FIXTURES[fixture]
        item.add_marker(getattr(pytest.mark, name)(*words))


def pytest_report_collectionfinish(config):
    if config.getoption("--every"):
        return "tier: every test, but those marked compiled or exhaustive (choose them with -m)"
    if config.getoption("--full"):
        return "tier: full (compiled and exhaustive tests only if -m selects them)"
    return "tier: quick (--full runs what needs more, --every runs both)"


def pytest_runtest_setup(item):
    """Fail, before any fixture is made, a test whose needs are not met."""
    missing = {}
    for marker in item.iter_markers():
        if marker.name in needs.MARKERS:
            for need in find_missing(marker.name, marker.args):
                missing[need.name] = need.get
    if missing:
        said = "\n".join(f"{name} is missing: {get}" for name, get in missing.items())
        pytest.fail(said, pytrace=False)
