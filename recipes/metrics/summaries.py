"""ROUGE of summaries, by the rouge-score library (Lin 2004)."""

from collections.abc import Sequence

from zoo.errors import InputError

KINDS = ("rouge1", "rouge2", "rougeL")


def rouge(said: Sequence[str], truth: Sequence[str]) -> dict[str, float]:
    """Returns the mean F1 of ROUGE-1, ROUGE-2 and ROUGE-L over the examples, 0 to 100.

    Words are stemmed (Porter) and capitals do not count, as is usual for headlines.

    Raises:
        InputError: rouge-score is not installed.
    """
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError:
        raise InputError("ROUGE needs rouge-score: pip install rnn-zoo[metrics]") from None
    scorer = RougeScorer(KINDS, use_stemmer=True)
    scores = [scorer.score(b, a) for a, b in zip(said, truth, strict=True)]
    return {kind: 100 * sum(s[kind].fmeasure for s in scores) / len(scores) for kind in KINDS}
