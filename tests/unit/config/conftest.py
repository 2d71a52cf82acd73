"""Trees from texts, for the tests of this room."""

from collections.abc import Callable

import pytest

from edgeagent.config.layers import Layer, Loaded, load


@pytest.fixture
def loaded() -> Callable[..., Loaded]:
    """Load texts as layers named edgeagent.toml, second.toml, third.toml."""
    names = ["edgeagent.toml", "second.toml", "third.toml"]

    def _load(*texts: str) -> Loaded:
        return load([], layers=[Layer(name, text) for name, text in zip(names, texts, strict=False)])

    return _load
