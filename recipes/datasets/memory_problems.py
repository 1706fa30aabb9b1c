"""Made-up sequences that can only be answered by who remembers their beginning."""

import numpy as np

# Of the copying problem: symbols to remember, how many kinds, and the two other tokens.
COPIED = 10
SYMBOLS = 8
BLANK, RECALL = SYMBOLS, SYMBOLS + 1


def adding_problem(
    count: int, length: int, seed: int, shortest: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Makes sequences of numbers of which two are marked; the answer is the sum of these two.

    Hochreiter & Schmidhuber 1997, "Long short-term memory", experiment 4, in the form of Le et
    al. 2015: numbers even in [0, 1), one mark in each half. Who always says 1 is wrong by 1/6 in
    mean square.

    Args:
        count: Sequences.
        length: T, steps of each; 2 or more.
        seed: seed of all of them.
        shortest: steps of the shortest sequence, 2 or more: each length up to T is as likely. None:
            all have T.

    Returns:
        Steps float32 [count, T, 2], a number and its mark (0 or 1), zeros past a sequence's end;
        sums float32 [count]; and the lengths int32 [count].

    Example:

    >>> steps, sums, lengths = adding_problem(1, 6, seed=0)
    >>> bool(np.isclose((steps[..., 0] * steps[..., 1]).sum(), sums[0]))
    True
    """
    random = np.random.default_rng([seed, length])
    steps = np.zeros((count, length, 2), "float32")
    steps[..., 0] = random.uniform(size=(count, length))
    rows, half, lengths = np.arange(count), length // 2, np.full(count, length, "int32")
    if shortest is None:
        places = random.integers(0, half, count), random.integers(half, length, count)
    else:
        lengths = random.integers(shortest, length + 1, count).astype("int32")
        places = random.integers(0, lengths // 2), random.integers(lengths // 2, lengths)
    for place in places:
        steps[rows, place, 1] = 1
    steps[np.arange(length) >= lengths[:, None]] = 0
    return steps, (steps[..., 0] * steps[..., 1]).sum(1), lengths


def copying_problem(count: int, length: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Makes sequences that begin with ten symbols, which are to be said again at the end.

    Arjovsky et al. 2016, "Unitary evolution recurrent neural networks", after Hochreiter &
    Schmidhuber: ten of eight symbols, T - 1 blanks, a token that asks, ten blanks in which to
    answer. Who has forgotten is right about one symbol in eight.

    Args:
        count: Sequences.
        length: T, the wait; 1 or more.
        seed: seed of all of them.

    Returns:
        Tokens int32 [count, T + 20] and the symbols int32 [count, 10].

    Example:

    >>> tokens, symbols = copying_problem(1, 3, seed=0)
    >>> (tokens[0, :10] == symbols[0]).all(), tokens[0, 10:].tolist() == [8, 8, 9] + [8] * 10
    (True, True)
    """
    random = np.random.default_rng([seed, length])
    symbols = random.integers(0, SYMBOLS, (count, COPIED)).astype("int32")
    tokens = np.full((count, length + 2 * COPIED), BLANK, "int32")
    tokens[:, :COPIED] = symbols
    tokens[:, COPIED + length - 1] = RECALL
    return tokens, symbols
