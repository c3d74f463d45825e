"""Pipelines under siege, on the shared servers."""

import pytest

from tests.siege import Siege, through


@pytest.fixture
def siege(request, tmp_path):
    """(pair of engines, proxies before source and target, options of the URLs) → a pipeline whose writer has not begun."""
    made = []

    def make(pair, proxies=None, options="", seed=7):
        servers = tuple(request.getfixturevalue(name) for name in pair)
        seen = proxies and tuple(through(proxy(server.port), server, options) for proxy, server in zip(proxies, servers, strict=True))
        (folder := tmp_path / str(len(made))).mkdir()
        made.append(Siege(folder, servers, seed, seen))
        return made[-1]

    yield make
    for each in made:
        each.close()
