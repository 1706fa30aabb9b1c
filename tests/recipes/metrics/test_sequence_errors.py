import pytest

from recipes.metrics.sequence_errors import token_error_rate, whole_sequence_error_rate


def edit_distance(a, b):
    """The textbook recursion."""
    if not a or not b:
        return len(a) + len(b)
    return min(
        edit_distance(a[1:], b) + 1,
        edit_distance(a, b[1:]) + 1,
        edit_distance(a[1:], b[1:]) + (a[0] != b[0]),
    )


def test_a_word_is_right_if_any_reference_matches():
    references = [["A B", "A C"], ["X Y"], ["P"], ["Q R"]]
    assert whole_sequence_error_rate(references, ["A C", "X Z", "P", ""]) == 0.5


def test_all_right_and_all_wrong():
    assert whole_sequence_error_rate([["A"]], ["A"]) == 0
    assert whole_sequence_error_rate([["A B"]], ["A"]) == 1


@pytest.mark.parametrize(
    ("references", "hypothesis"),
    [(["A B C", "A D"], "A D E"), (["K AE T"], ""), (["A B"], "B A"), (["A"], "A B C D")],
)
def test_tokens_are_counted_against_the_nearest_reference(references, hypothesis):
    best = min((edit_distance(r.split(), hypothesis.split()), len(r.split())) for r in references)
    assert token_error_rate([references], [hypothesis]) == pytest.approx(best[0] / best[1])
