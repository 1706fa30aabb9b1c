"""Asking a model about many rows, for the measures of the recipes."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from recipes.recipe import Answers


def answered(
    answers: Answers,
    rows: Sequence,
    inputs: Callable[[list], Mapping],
    signature: str = "serving_default",
    length: Callable = len,
    batch_size: int = 256,
) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Yields (index, its part of each output) for every row, in the order of length.

    Rows of like length go together: less padding, the same answers.

    Args:
        answers: The model's signatures.
        rows: The examples.
        inputs: From the rows of a batch to the signature's inputs by name.
        signature: Defaults to "serving_default".
        length: Of a row, to sort by.
        batch_size: Rows a batch.
    """
    order = sorted(range(len(rows)), key=lambda i: length(rows[i]))
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        answer = answers(signature, **inputs([rows[i] for i in chosen]))
        for position, row in enumerate(chosen):
            yield row, {name: value[position] for name, value in answer.items()}
