"""The net over the margins: it says "both", and keeps what it has learned."""

from __future__ import annotations

import numpy as np
import pytest

from nlu.flag_net import FlagNet

COUNT = 4000


@pytest.fixture(scope="module")
def seen():
    return np.random.default_rng(1).normal(3, 2, size=(COUNT, 6)).astype(np.float32)


@pytest.fixture(scope="module")
def truth(seen):
    return np.stack([(seen[:, 0] > 3) ^ (seen[:, 1] > 3), seen[:, 2] > 3], axis=1)


@pytest.fixture(scope="module")
def net(seen, truth):
    return FlagNet.learn(seen[: COUNT // 2], truth[: COUNT // 2], 2)


def test_it_learns_what_no_line_can_tell(net, seen, truth):
    found = net.probabilities(seen[COUNT // 2 :]) > 0.5

    assert ((found == truth[COUNT // 2 :]).mean(axis=0) > 0.95).all()


def test_one_message_is_read_as_many_are(net, seen):
    assert np.allclose(net.probabilities(seen[7]), net.probabilities(seen[:9])[7], atol=1e-6)


def test_the_same_sentences_make_the_same_net(net, seen, truth):
    again = FlagNet.learn(seen[: COUNT // 2], truth[: COUNT // 2], 2)

    assert np.array_equal(net.probabilities(seen), again.probabilities(seen))


def test_what_was_kept_says_the_same(net, seen, tmp_path):
    np.savez(tmp_path / "net.npz", **net.to_arrays())
    with np.load(tmp_path / "net.npz") as kept:
        loaded = FlagNet.from_arrays(kept)

    assert np.array_equal(loaded.probabilities(seen), net.probabilities(seen))


def test_margins_beyond_all_bounds_stay_probabilities(net):
    far = np.full((2, 6), 1e6, np.float32) * np.array([[1], [-1]], np.float32)

    assert ((net.probabilities(far) >= 0) & (net.probabilities(far) <= 1)).all()
