"""An interpolated n-gram model over any tokens: the plain method beside a language model."""

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence


class NGrams:
    """Witten-Bell interpolated n-grams.

        p(w | h) = (c(h w) + t(h) p(w | h')) / (c(h) + t(h))

    c counts, t(h) is the number of different tokens seen after h, h' is h without its oldest token,
    and under the empty h stands 1 / V, V the tokens ever seen and one for all others (Witten & Bell
    1991; Chen & Goodman 1999, section 2.5).

    Args:
        sequences: What to learn from. Tokens before a sequence's beginning are none at all: the
            first token is predicted from the empty h.
        order: n, at least 1: 1 is the unigram.

    Example:

    >>> model = NGrams(["abab"], order=2)
    >>> round(model.probability("a", "b"), 3)
    0.833
    """

    def __init__(self, sequences: Iterable[Sequence[Hashable]], order: int):
        self.order = order
        # For each length of h: h -> how often each token comes after it.
        self.after: list[dict] = [defaultdict(Counter) for _ in range(order)]
        for sequence in sequences:
            for length, table in enumerate(self.after):
                for place in range(length, len(sequence)):
                    table[tuple(sequence[place - length : place])][sequence[place]] += 1
        self.totals = [{h: sum(c.values()) for h, c in table.items()} for table in self.after]
        self.num_tokens = len(self.after[0][()]) + 1

    def probability(self, history: Sequence[Hashable], token: Hashable) -> float:
        """Returns p(token | history); of the history the last order - 1 tokens count."""
        found = 1.0 / self.num_tokens
        for length, (table, totals) in enumerate(zip(self.after, self.totals, strict=True)):
            if length > len(history):
                break
            context = tuple(history[len(history) - length :])
            if context not in totals:
                break
            counts = table[context]
            kinds = len(counts)
            found = (counts.get(token, 0) + kinds * found) / (totals[context] + kinds)
        return found

    def nats(self, sequence: Sequence[Hashable]) -> float:
        """Returns the negative log-probability of a whole sequence."""
        reach = self.order - 1
        return -sum(
            math.log(self.probability(sequence[max(0, place - reach) : place], token))
            for place, token in enumerate(sequence)
        )
