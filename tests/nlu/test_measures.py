"""The measures, against numbers worked out by hand and against scikit-learn's own."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from nlu import measures as m

TRUTH = ["loan", "loan", "loan", "water", "water", "tour"]
ANSWERS = ["loan", "loan", "water", "water", None, "loan"]


@pytest.fixture
def metrics() -> ModuleType:
    """Bring scikit-learn only to the tests that compare with it: it takes a second to import."""
    from sklearn import metrics

    return metrics


def test_each_label_is_scored_by_what_was_right_of_it_and_what_was_said_of_it():
    loan, tour, water = m.label_scores(TRUTH, ANSWERS)

    assert (loan.precision, loan.recall, loan.support) == (2 / 3, 2 / 3, 3)
    assert (water.precision, water.recall, water.f1) == (1 / 2, 1 / 2, 1 / 2)
    assert (tour.precision, tour.recall, tour.f1, tour.support) == (0, 0, 0, 1)


def test_in_the_macro_mean_a_rare_type_weighs_as_much_as_a_frequent_one():
    assert m.macro_f1(TRUTH, ANSWERS) == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)


def test_a_type_that_is_answered_but_never_true_pulls_no_mean_of_its_own():
    assert m.macro_f1(["loan", "loan"], ["loan", "tour"]) == pytest.approx(2 / 3)


def test_an_answer_that_a_mediator_would_accept_counts_as_the_truth_and_no_other_does():
    also_ok = [set(), set(), {"water"}, set(), {"tour"}, {"water"}]

    assert m.lenient(TRUTH, also_ok, ANSWERS) == ["loan", "loan", "water", "water", "water", "tour"]


def test_the_macro_mean_is_that_of_scikit_learn(metrics):
    random = np.random.default_rng(3)
    truth, answers = ([str(n) for n in random.integers(0, 7, 400)] for _ in range(2))

    assert m.macro_f1(truth, answers) == pytest.approx(
        metrics.f1_score(truth, answers, average="macro")
    )


def test_top_three_hits_where_any_right_type_is_among_the_first_three():
    rankings = [["a", "b", "c", "d"]] * 4

    hits = m.top_hits([{"a"}, {"c"}, {"d"}, {"d", "b"}], rankings, 3)

    assert hits == [True, True, False, True]
    assert m.top_hits([{"b"}], rankings[:1], 1) == [False]


def test_the_curve_takes_the_surest_answers_first():
    curve = m.coverage_curve([0.5, 0.9, 0.7, 0.8], [False, True, False, True])

    assert curve == [
        m.Point(0.25, 1.0),
        m.Point(0.5, 1.0),
        m.Point(0.75, 2 / 3),
        m.Point(1.0, 0.5),
    ]


def test_answers_that_are_equally_sure_are_taken_together():
    curve = m.coverage_curve([0.9, 0.5, 0.5, 0.5], [True, True, False, False])

    assert curve == [m.Point(0.25, 1.0), m.Point(1.0, 0.5)]


def test_accuracy_at_a_coverage_is_that_of_the_first_point_that_covers_enough():
    confidences = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5]
    hits = [True] * 7 + [False, True, False]

    assert m.accuracy_at(confidences, hits, 0.8) == 7 / 8
    assert m.accuracy_at(confidences, hits, 0.85) == 8 / 9
    assert m.accuracy_at(confidences, hits, 1.0) == 0.8


def test_the_calibration_error_is_the_mean_gap_between_confidence_and_accuracy():
    # Two at 0.92 of which both hit, two at 0.55 and 0.57 of which one hits, one at 1.0 that misses.
    confidences, hits = [0.92, 0.92, 0.55, 0.57, 1.0], [True, True, True, False, False]

    # Bins: 0.5-0.6 (0.56 against 0.5) and 0.9-1.0 (0.94667 against 2/3).
    gaps = 2 * 0.06 + 3 * ((0.92 + 0.92 + 1.0) / 3 - 2 / 3)
    assert m.calibration_error(confidences, hits) == pytest.approx(gaps / 5)
    assert [each.count for each in m.reliability(confidences, hits)] == [2, 3]


def test_bins_without_answers_are_left_out_of_the_picture():
    assert m.reliability([0.05, 0.95], [False, True]) == [
        m.Bin(0.05, 0.0, 1),
        m.Bin(0.95, 1.0, 1),
    ]


def test_the_area_under_the_curve_counts_pairs_in_the_right_order_and_ties_by_half():
    # Pairs: (0.9, 0.8) right, (0.9, 0.3) right, (0.8, 0.8) tie, (0.8, 0.3) right.
    assert m.auroc([0.9, 0.8, 0.8, 0.3], [True, True, False, False]) == 3.5 / 4


def test_the_area_is_that_of_scikit_learn_ties_and_all(metrics):
    random = np.random.default_rng(5)
    scores, truth = random.integers(0, 9, 300) / 9, random.random(300) < 0.4

    assert m.auroc(scores, truth) == pytest.approx(metrics.roc_auc_score(truth, scores))


def test_the_curve_of_matters_and_strangers_is_that_of_scikit_learn(metrics):
    scores, truth = [0.9, 0.8, 0.8, 0.4, 0.3], [True, False, True, True, False]

    let_in, kept, _ = metrics.roc_curve(truth, scores, drop_intermediate=False)

    assert m.roc_curve(scores, truth) == [m.Point(*each) for each in zip(let_in, kept, strict=True)]


def test_nothing_of_nothing_is_no_share_at_all():
    assert m.share(0, 0) == 0
    assert m.mean([]) == 0
    assert m.auroc([0.5], [True]) == 0
