"""What all tests share: a state directory of their own."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

# Ten thousand tests stay until the end: to look through them for garbage as often as usual is a tenth of the time.
gc.set_threshold(10_000, 10, 10)


@pytest.fixture(autouse=True, scope="session")
def _nothing_at_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whoever runs the tests may run tocsin too: nothing is written where that keeps its database and its secrets."""
    state = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("STATE_DIRECTORY", raising=False)
        patch.setenv("XDG_STATE_HOME", str(state))
        yield
    left = [str(path.relative_to(state)) for path in state.rglob("*")]
    assert not left, f"a test used the state directory of its user, where it made {', '.join(left)}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest and mostly waits, so that nobody waits for it alone at the end.

    What a whole program or a browser shows is not covered: most of it happens in other processes, and the tracer doubles
    the time of the rest.
    """
    items.sort(key=lambda item: "test_chaos" not in item.nodeid)
    for item in items:
        if {"e2e", "browser"} & set(item.path.parts):
            item.add_marker("no_cover")
