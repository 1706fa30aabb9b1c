"""A model's signatures by name, and its answers to many rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from zoo.errors import unknown_name
from zoo.signature_names import taking

Answer = Mapping[str, np.ndarray]


class Answers:
    """Calls signatures by name; what is left out takes its default.

    A call with settings goes to the signature that takes them beside the named one.

    Args:
        functions: For each signature, a function of keyword tensors that returns a dict.
        inputs: names of the inputs of each signature; None where no signature takes settings.
    """

    def __init__(
        self, functions: Mapping[str, Any], inputs: Mapping[str, Sequence[str]] | None = None
    ):
        self.functions, self.inputs = functions, inputs or {}

    def __call__(self, signature: str = "serving_default", **inputs) -> dict[str, np.ndarray]:
        if signature not in self.functions:
            raise unknown_name("signature", signature, self.functions)
        outputs = self.functions[taking(signature, inputs, self.inputs)](**inputs)
        return {name: np.asarray(value) for name, value in outputs.items()}


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
        length: length of a row, to sort by.
        batch_size: Rows a batch.
    """
    order = sorted(range(len(rows)), key=lambda i: length(rows[i]))
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        answer = answers(signature, **inputs([rows[i] for i in chosen]))
        for position, row in enumerate(chosen):
            yield row, {name: value[position] for name, value in answer.items()}
