"""The long matrix: thousands of made-up groups, each with its own seed."""

import pytest

from tests.unit.drivers.estimates.matrix import falsely_marked, missed

SEEDS = 4000


@pytest.mark.soak
def test_of_a_hundred_honest_groups_at_most_one_is_marked() -> None:
    marked = {seed: found for seed in range(SEEDS) if (found := falsely_marked(seed))}
    assert len(marked) <= SEEDS / 100, marked


@pytest.mark.soak
def test_every_scale_that_is_wrong_is_found() -> None:
    assert [words for seed in range(SEEDS) if (words := missed(10**6 + seed))] == []
