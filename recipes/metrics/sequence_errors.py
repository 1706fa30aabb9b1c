"""Error rates of token sequences of which several are right, by jiwer."""

from collections.abc import Sequence
from types import ModuleType

from zoo.errors import InputError


def whole_sequence_error_rate(
    references: Sequence[Sequence[str]], hypotheses: Sequence[str]
) -> float:
    """Returns the share of hypotheses that equal none of their references, 0 to 1.

    For pronunciations this is the word error rate of the literature: a word is wrong if any of its
    phonemes is.

    Args:
        references: For each item all right answers, tokens separated by spaces.
        hypotheses: For each item one answer.
    """
    # To jiwer a whole answer is one word; the reference is the one that matches, if any does.
    chosen = [
        h if h in all_right else all_right[0]
        for all_right, h in zip(references, hypotheses, strict=True)
    ]
    joined = [_one_word(text) for text in chosen], [_one_word(text) for text in hypotheses]
    return float(_jiwer().wer(*joined))


def token_error_rate(references: Sequence[Sequence[str]], hypotheses: Sequence[str]) -> float:
    """Returns edit errors a reference token, against the reference nearest to each hypothesis.

    Args:
        references: For each item all right answers, tokens separated by spaces.
        hypotheses: For each item one answer.
    """
    errors = tokens = 0
    for all_right, hypothesis in zip(references, hypotheses, strict=True):
        nearest = min((_errors(reference, hypothesis), reference) for reference in all_right)
        errors += nearest[0]
        tokens += len(nearest[1].split())
    return errors / tokens


def _errors(reference: str, hypothesis: str) -> int:
    if reference == hypothesis:
        return 0
    measured = _jiwer().process_words(reference, hypothesis)
    return measured.substitutions + measured.deletions + measured.insertions


def _one_word(text: str) -> str:
    return "_".join(text.split())


def _jiwer() -> ModuleType:
    try:
        import jiwer
    except ImportError:
        raise InputError("error rates need jiwer: pip install rnn-zoo[metrics]") from None
    return jiwer
