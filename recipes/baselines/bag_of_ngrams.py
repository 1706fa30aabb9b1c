"""Plain classifiers to stand beside a network: the commonest label, and bags of n-grams."""

from collections.abc import Iterable, Sequence

from zoo.errors import InputError


def ngrams(tokens: Sequence[str], longest: int) -> list[str]:
    """Returns all runs of 1 to `longest` tokens, of the text with its two ends marked.

    >>> ngrams(["a", "b"], 2)
    ['\\x02', 'a', 'b', '\\x03', '\\x02 a', 'a b', 'b \\x03']
    """
    marked = ["\x02", *tokens, "\x03"]
    return [
        " ".join(marked[start : start + length])
        for length in range(1, longest + 1)
        for start in range(len(marked) - length + 1)
    ]


def plain_answers(
    texts: Iterable[Sequence[str]],
    labels: Sequence[str],
    asked: Iterable[Sequence[str]],
    longest: int,
    balanced: bool = False,
) -> dict[str, list[str]]:
    """Learns plain classifiers and returns what each says to other texts.

    Args:
        texts: Tokens of each training text.
        labels: Its label.
        asked: Tokens of the texts to answer.
        longest: length of the longest of the n-grams.
        balanced: Whether the support vector machine counts every label alike, however rare.

    Returns:
        Method -> a label a text: the commonest label; multinomial naive Bayes (scikit-learn's own
        settings) and a linear support vector machine (C = 0.1) of whether an n-gram stands in it.

    Raises:
        InputError: scikit-learn is missing.
    """
    try:
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.naive_bayes import MultinomialNB
        from sklearn.svm import LinearSVC
    except ImportError:
        raise InputError(
            "the plain methods beside the network need scikit-learn: pip install rnn-zoo[metrics]"
        ) from None
    asked = list(asked)
    # Ties by name: the answer must not hang on the order of the data.
    commonest = min(set(labels), key=lambda label: (-labels.count(label), label))
    counter = CountVectorizer(analyzer=lambda tokens: ngrams(tokens, longest), binary=True)
    known, new = counter.fit_transform(texts), counter.transform(asked)
    weight = "balanced" if balanced else None
    methods = {
        "naive Bayes": MultinomialNB(),
        "linear SVM": LinearSVC(C=0.1, class_weight=weight, random_state=0),
    }
    said = {"commonest label": [commonest] * len(asked)}
    for name, method in methods.items():
        said[f"{name} of 1 to {longest}-grams"] = list(method.fit(known, labels).predict(new))
    return said
