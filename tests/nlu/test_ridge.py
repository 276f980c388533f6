"""The ridge under the second stage: solved step by step, it says what solving exactly would."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from nlu import ridge
from nlu.ngrams import Floats
from nlu.ridge import RIDGE, SHARE, Kernel, solve

COUNT = 400


def directions(random: np.random.Generator, width: int) -> Floats:
    points = random.normal(size=(COUNT, width)).astype(np.float32)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


@pytest.fixture
def kernel() -> Kernel:
    random = np.random.default_rng(3)
    words = np.abs(directions(random, 90)) * (random.random((COUNT, 90)) < 0.1)
    words /= np.linalg.norm(words, axis=1, keepdims=True) + 1e-9
    return Kernel.of(directions(random, 24), csr_matrix(words.astype(np.float32)))


@pytest.fixture
def goals() -> Floats:
    return np.sign(np.random.default_rng(5).normal(size=(COUNT, 6))).astype(np.float32)


def whole(kernel: Kernel) -> Floats:
    return kernel @ np.eye(COUNT, dtype=np.float32) + RIDGE * np.eye(COUNT, dtype=np.float32)


def test_the_kernel_is_a_bell_over_the_angle_and_a_share_of_the_common_words(kernel):
    words = (kernel.words @ kernel.words.T).toarray()
    expected = kernel.meaning + SHARE * words

    assert np.allclose(kernel.rows(np.arange(COUNT)), expected, atol=1e-5)
    assert np.allclose(whole(kernel) - RIDGE * np.eye(COUNT), expected, atol=1e-5)
    assert np.allclose(np.diag(kernel.meaning), 1, atol=1e-5)
    assert np.allclose(ridge.bell(np.float32([0.0, -1.0])), np.exp([-2.0, -4.0]))


@pytest.mark.parametrize("landmarks", [COUNT, 40])
def test_a_few_steps_find_what_solving_exactly_finds(kernel, goals, monkeypatch, landmarks):
    monkeypatch.setattr(ridge, "LANDMARKS", landmarks)
    products = []
    monkeypatch.setattr(Kernel, "__matmul__", counted(products, Kernel.__matmul__))
    duals, _ = solve(kernel, goals)
    steps = len(products)

    exact = np.linalg.solve(whole(kernel), goals)
    assert np.linalg.norm(duals - exact) <= 0.02 * np.linalg.norm(exact)
    assert steps < 25


def test_without_the_landmarks_it_would_come_to_no_end(kernel, goals, monkeypatch):
    monkeypatch.setattr(ridge, "_rough_inverse", lambda _: lambda columns: columns)

    with pytest.raises(ArithmeticError, match="cannot be inverted"):
        solve(kernel, goals)


def test_the_margins_of_a_sentence_left_out_are_nearly_those_of_a_training_without_it(
    kernel, goals
):
    duals, left_out = solve(kernel, goals)

    exact = whole(kernel)
    inverse = np.linalg.inv(exact)
    truth = goals - (inverse @ goals) / np.diag(inverse)[:, None]
    seen = (exact - RIDGE * np.eye(COUNT)) @ duals
    off = np.sqrt(((left_out - truth) ** 2).mean())
    assert off < 0.1
    assert off < np.sqrt(((seen - truth) ** 2).mean()) / 5


def counted(products, multiply):
    def counting(kernel, columns):
        products.append(None)
        return multiply(kernel, columns)

    return counting
