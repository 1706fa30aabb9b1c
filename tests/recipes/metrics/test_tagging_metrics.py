"""Measures of tagged words."""

import pytest

from recipes.metrics.tagging import (
    entity_scores,
    sentence_accuracy,
    tag_accuracy,
    word_scores,
)


def test_shares_of_right_tags():
    references, hypotheses = [["A", "B"], ["A"], []], [["A", "A"], ["A"], []]
    assert tag_accuracy(references, hypotheses) == pytest.approx(2 / 3)
    assert sentence_accuracy(references, hypotheses) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="zip"):
        tag_accuracy([["A"]], [["A", "B"]])


def test_an_entity_counts_whole_or_not_at_all():
    references = [["B-x", "I-x", "O", "B-y"], ["O", "B-x"]]
    hypotheses = [["B-x", "O", "O", "B-y"], ["B-y", "B-x"]]
    scores = entity_scores(references, hypotheses)
    # Two of three are found, two of four that are named are right.
    assert scores["recall"] == pytest.approx(2 / 3)
    assert scores["precision"] == pytest.approx(2 / 4)
    assert scores["f1"] == pytest.approx(2 * 2 / (3 + 4))
    assert entity_scores([["O"]], [["O"]])["f1"] == 0


def test_words_of_running_text_count_where_they_stand():
    references, hypotheses = [["do", "n't", "go"]], [["don't", "go"]]
    assert word_scores(references, hypotheses) == pytest.approx(2 * 1 / (3 + 2))
    tags = [["A", "B", "C"]], [["A", "C"]]
    assert word_scores(references, hypotheses, tags) == pytest.approx(2 / 5)
    assert word_scores(references, hypotheses, (tags[0], [["A", "B"]])) == 0
