"""The ridge under both stages: solved step by step, it says what solving exactly would."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from nlu import ridge
from nlu.ngrams import Floats
from nlu.ridge import SHARE, Kernel, Nearness, Words, solve

COUNT = 400


def directions(random: np.random.Generator, width: int) -> Floats:
    points = random.normal(size=(COUNT, width)).astype(np.float32)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def made() -> Kernel:
    random = np.random.default_rng(3)
    words = np.abs(directions(random, 90)) * (random.random((COUNT, 90)) < 0.1)
    words /= np.linalg.norm(words, axis=1, keepdims=True) + 1e-9
    return Kernel.of(directions(random, 24), csr_matrix(words.astype(np.float32)))


@pytest.fixture
def kernel() -> Kernel:
    return made()


@pytest.fixture(params=["words", "kernel"])
def nearness(request) -> Nearness:
    return made().shared if request.param == "words" else made()


@pytest.fixture
def goals() -> Floats:
    return np.sign(np.random.default_rng(5).normal(size=(COUNT, 6))).astype(np.float32)


def whole(nearness: Nearness) -> Floats:
    one = np.eye(COUNT, dtype=np.float32)
    return nearness @ one + nearness.RIDGE * one


def test_the_kernel_is_a_bell_over_the_angle_and_a_share_of_the_common_words(kernel):
    words = (kernel.shared.words @ kernel.shared.words.T).toarray()
    expected = kernel.meaning + SHARE * words

    assert np.allclose(kernel.rows(np.arange(COUNT)), expected, atol=1e-5)
    assert np.allclose(whole(kernel) - kernel.RIDGE * np.eye(COUNT), expected, atol=1e-5)
    assert np.allclose(kernel.shared @ np.eye(COUNT, dtype=np.float32), words, atol=1e-5)
    assert np.allclose(np.diag(kernel.meaning), 1, atol=1e-5)
    assert np.allclose(ridge.bell(np.float32([0.0, -1.0])), np.exp([-2.0, -4.0]))


def test_a_label_that_no_sentence_bears_stays_nothing(nearness, goals):
    goals[:, 2] = 0
    duals, left_out = solve(nearness, goals)

    assert not duals[:, 2].any()
    assert not left_out[:, 2].any()
    assert np.isfinite(left_out).all()


@pytest.fixture
def products(monkeypatch) -> list[None]:
    """One entry for every product with the kernel."""
    counted: list[None] = []
    multiply = Kernel.__matmul__

    def counting(kernel, columns):
        counted.append(None)
        return multiply(kernel, columns)

    monkeypatch.setattr(Kernel, "__matmul__", counting)
    return counted


@pytest.mark.parametrize("landmarks", [COUNT, 40])
def test_a_few_steps_find_what_solving_exactly_finds(
    kernel, goals, products, monkeypatch, landmarks
):
    monkeypatch.setattr(Kernel, "LANDMARKS", landmarks)
    monkeypatch.setattr(Kernel, "NEAR", 0.02)
    duals, _ = solve(kernel, goals)
    steps = len(products)

    exact = np.linalg.solve(whole(kernel), goals)
    assert np.linalg.norm(duals - exact) <= 0.02 * np.linalg.norm(exact)
    assert steps < 25


def test_the_landmarks_spare_most_of_the_steps(kernel, goals, products, monkeypatch):
    solve(kernel, goals)
    steps = len(products)
    monkeypatch.setattr(ridge, "_rough_inverse", lambda *_: np.copy)
    solve(kernel, goals)

    assert steps < (len(products) - steps) / 2


def test_where_the_steps_come_to_no_end_it_says_so(kernel, goals, monkeypatch):
    monkeypatch.setattr(ridge, "MOST_STEPS", 1)

    with pytest.raises(ArithmeticError, match="cannot be inverted"):
        solve(kernel, goals)


def test_by_words_alone_a_few_steps_find_it_too(kernel, goals):
    duals, _ = solve(kernel.shared, goals)

    exact = np.linalg.solve(whole(kernel.shared), goals)
    assert np.linalg.norm(duals - exact) <= 0.05 * np.linalg.norm(exact)


def test_the_margins_of_a_sentence_left_out_are_nearly_those_of_a_training_without_it(
    nearness, goals
):
    duals, left_out = solve(nearness, goals)

    exact = whole(nearness)
    inverse = np.linalg.inv(exact)
    truth = goals - (inverse @ goals) / np.diag(inverse)[:, None]
    seen = (exact - nearness.RIDGE * np.eye(COUNT)) @ duals
    off = np.sqrt(((left_out - truth) ** 2).mean())
    assert off < 0.1
    assert off < np.sqrt(((seen - truth) ** 2).mean()) / 5


def test_a_group_that_weighs_more_has_a_diagonal_of_its_own(kernel, goals):
    heavy = np.arange(COUNT) % 4 == 0
    roots = np.where(heavy, 3, 1).astype(np.float32)[:, None]
    weighed = Words.of(kernel.shared.words.multiply(roots).tocsr())
    _, left_out = solve(weighed, roots * goals, heavy.astype(np.intp))

    inverse = np.linalg.inv(whole(weighed))
    truth = roots * goals - (inverse @ (roots * goals)) / np.diag(inverse)[:, None]
    _, alike = solve(weighed, roots * goals)
    off, off_alike = (np.sqrt(((each - truth) ** 2).mean()) for each in (left_out, alike))
    assert off < 0.25
    assert off < off_alike / 2
