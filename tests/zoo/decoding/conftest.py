"""Small step functions, an exhaustive search over all sequences in NumPy, and letters."""

import itertools
import string

import numpy as np
import pytest
import tensorflow as tf

LETTERS = " " + string.ascii_lowercase
STOP = len(LETTERS)


def spell(tokens, length):
    return "".join(LETTERS[token] for token in np.asarray(tokens)[: int(length)])


class Speller:
    """A step that spells `word` in each row with nearly all probability, whatever it is fed.

    The state counts the letters; the memory holds the words.
    """

    def __init__(self, words):
        width = max(map(len, words)) + 1
        letters = np.full([len(words), width], STOP, np.int32)
        for row, word in enumerate(words):
            letters[row, : len(word)] = [LETTERS.index(letter) for letter in word]
        self.memory = {"words": tf.constant(letters)}
        self.state = (tf.zeros([len(words)], tf.int32),)

    def __call__(self, tokens, state, memory):
        (position,) = state
        last = memory["words"].shape[1] - 1
        letters = tf.gather(memory["words"], tf.minimum(position, last), batch_dims=1)
        return 9.0 * tf.one_hot(letters, STOP + 1), (position + 1,)


class TinyNetwork:
    """A random recurrent network: what comes next depends on the whole history.

    The same step twice: in TensorFlow, and in NumPy for one row, to search exhaustively with.
    """

    def __init__(self, seed, num_tokens, units=5, sharpness=2.0, batch=1, positions=4):
        random = np.random.default_rng(seed)
        draw = lambda *shape: random.normal(size=shape).astype(np.float32)  # noqa: E731
        self.num_tokens = num_tokens
        self.embedding = draw(num_tokens, units)
        self.recurrent = draw(units, units)
        self.output = sharpness * draw(units, num_tokens)
        self.keys = draw(units, positions)
        self.memory = draw(batch, units)
        self.initial = draw(batch, units)

    def state(self, rows=slice(None)):
        hidden = self.initial[rows]
        return {
            "h": tf.constant(hidden),
            "alignment": tf.zeros([len(hidden), self.keys.shape[1]]),
        }

    def tf_memory(self, rows=slice(None)):
        return (tf.constant(self.memory[rows]),)

    def step(self, tokens, state, memory):
        hidden = tf.tanh(
            tf.gather(self.embedding, tokens) + state["h"] @ self.recurrent + memory[0]
        )
        alignment = tf.nn.softmax(hidden @ self.keys)
        return hidden @ self.output, {"h": hidden, "alignment": alignment}

    def numpy_step(self, token, hidden, row):
        hidden = np.tanh(self.embedding[token] + hidden @ self.recurrent + self.memory[row])
        return _log_softmax(hidden @ self.output), hidden, np.exp(_log_softmax(hidden @ self.keys))

    def every_hypothesis(
        self,
        row,
        start_id,
        stop_id,
        max_length,
        length_penalty=0.0,
        coverage_penalty=0.0,
        min_length=0,
        forbidden=(),
        allowed=lambda tokens: True,
    ):
        """All sequences of a row with their scores, best first: the exhaustive search.

        Returns:
            A list of (score, tokens, log-probability, finished, alignments).
        """
        found = []
        for length in range(max_length + 1):
            for tokens in itertools.product(range(self.num_tokens), repeat=length):
                if stop_id in tokens or set(forbidden) & set(tokens) or not allowed(tokens):
                    continue
                finished = length < max_length
                if finished and length < min_length:
                    continue
                total, alignments = self._follow(
                    row, start_id, tokens, stop_id if finished else None
                )
                divisor = ((5 + length + finished) / 6) ** length_penalty
                score = total / divisor
                if coverage_penalty:
                    coverage = np.minimum(np.sum(alignments, axis=0), 1.0)
                    score += coverage_penalty * np.sum(np.log(coverage))
                found.append((score, list(tokens), total, finished, alignments[:length]))
        return sorted(found, key=lambda hypothesis: -hypothesis[0])

    def _follow(self, row, start_id, tokens, stop_id):
        hidden, fed, total, alignments = self.initial[row], start_id, 0.0, []
        for token in [*tokens, *([] if stop_id is None else [stop_id])]:
            log_probabilities, hidden, alignment = self.numpy_step(fed, hidden, row)
            total, fed = total + log_probabilities[token], token
            alignments.append(alignment)
        return total, alignments


def _log_softmax(logits):
    logits = logits - logits.max()
    return logits - np.log(np.exp(logits).sum())


def assert_list_equals(decoded, row, expected, tolerance=1e-4):
    """One row's n-best list against the beginning of an exhaustive search's list."""
    num_results = decoded.lengths.shape[1]
    for place in range(num_results):
        length = int(decoded.lengths[row, place])
        if place >= len(expected):
            assert length == 0 and decoded.scores[row, place] == -np.inf
            assert not decoded.finished[row, place]
            continue
        score, tokens, total, finished, alignments = expected[place]
        assert decoded.tokens[row, place, :length].numpy().tolist() == tokens
        assert np.all(decoded.tokens[row, place, length:].numpy() == 0)
        np.testing.assert_allclose(decoded.scores[row, place], score, rtol=tolerance)
        np.testing.assert_allclose(decoded.log_probabilities[row, place], total, rtol=tolerance)
        assert bool(decoded.finished[row, place]) == finished
        if decoded.record is not None:
            recorded = decoded.record[row, place].numpy()
            np.testing.assert_allclose(
                recorded[:length], np.reshape(alignments, [length, recorded.shape[-1]]), atol=1e-5
            )
            assert np.all(recorded[length:] == 0)


@pytest.fixture
def tiny():
    """The names above, for test files: with this import mode they cannot import each other."""
    import types

    return types.SimpleNamespace(
        LETTERS=LETTERS,
        STOP=STOP,
        spell=spell,
        Speller=Speller,
        Network=TinyNetwork,
        assert_list_equals=assert_list_equals,
    )
