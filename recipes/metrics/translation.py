"""BLEU and chrF of translations, by sacreBLEU (Post 2018)."""

import re
from collections.abc import Sequence

from zoo.errors import InputError

TOKEN = re.compile(r"\w+|[^\w\s]")


def translation_scores(said: Sequence[str], references: Sequence[Sequence[str]]) -> dict:
    """Returns `bleu` and `chrf`, 0 to 100, on plain, cased text.

    Args:
        said: A translation an example.
        references: Right translations of each example, one or more.

    Raises:
        InputError: sacreBLEU is not installed.
    """
    metrics = _sacrebleu()
    columns = _columns(references)
    return {
        "bleu": metrics.BLEU().corpus_score(list(said), columns).score,
        "chrf": metrics.CHRF().corpus_score(list(said), columns).score,
    }


def bleu_of_lowered_tokens(said: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Returns BLEU over lower-cased words and signs, unsmoothed: what tutorials report.

    Higher than sacreBLEU's figure for the same translations, and not to be compared with it.
    """
    bleu = _sacrebleu().BLEU(tokenize="none", smooth_method="none", force=True)
    columns = _columns([[_lowered(text) for text in row] for row in references])
    return bleu.corpus_score([_lowered(text) for text in said], columns).score


def _lowered(text: str) -> str:
    return " ".join(TOKEN.findall(text.lower()))


def _columns(references: Sequence[Sequence[str]]) -> list[list[str | None]]:
    """One list a reference; an example with fewer of them has None in its place."""
    most = max(map(len, references))
    return [[row[i] if i < len(row) else None for row in references] for i in range(most)]


def _sacrebleu():
    try:
        from sacrebleu import metrics
    except ImportError:
        raise InputError("BLEU needs sacrebleu: pip install rnn-zoo[metrics]") from None
    return metrics
