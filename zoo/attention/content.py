"""Attention that compares the query with what each position holds."""

from typing import Any

from zoo.attention.base import Attention
from zoo.attention.masking import masked_softmax
from zoo.attention.memory import Memory


class ContentAttention(Attention):
    """Soft attention over scores of query against key.

        e_ij = score(q_i, k_j)        a_ij = exp(e_ij) / sum_j' exp(e_ij'), j' over real positions

    A subclass gives `scores`, and `project` where its keys are not the values themselves. The
    kinds that choose positions in another way (local, hard, monotonic, coverage) hold one of these
    for its scores.
    """

    def scores(self, queries: Any, keys: Any) -> Any:
        """Returns how well each query fits each key.

        Args:
            queries: `[batch, steps, query_dim]`.
            keys: `[batch, positions, keys_dim]`.

        Returns:
            `[batch, steps, positions]`, before any mask.
        """
        raise NotImplementedError

    def weigh(self, queries: Any, memory: Memory, state: tuple, training: bool | None) -> tuple:
        mask = memory.mask[:, None]  # [batch, 1, positions]
        return masked_softmax(self.scores(queries, memory.keys), mask), ()
