"""The form of a verse as a mask over the next token: regular length, marks, an acrostic."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from zoo.decoding.step import Step
from zoo.text import SPECIAL, STOP_ID, UNKNOWN_ID, Vocabulary

_NEVER = -1e9


class Form(NamedTuple):
    """What a poem is to be like, one of each a row.

    Attributes:
        verse_length: int32 [B], characters a verse.
        num_verses: int32 [B].
        first_ids: int32 [B, A], how the first verses begin: the ids of an acrostic.
        num_first: int32 [B], how many of these count.
    """

    verse_length: tf.Tensor
    num_verses: tf.Tensor
    first_ids: tf.Tensor
    num_first: tf.Tensor


class Place(NamedTuple):
    """Where in a poem a row is.

    Attributes:
        cells: The model's state.
        verse: int32 [B], verses before this one.
        place: int32 [B], characters of this verse so far.
    """

    cells: Any
    verse: tf.Tensor
    place: tf.Tensor


class VerseForm:
    """Lets a model's step say only what keeps the form.

    A verse has its length in characters and then a mark, by turns `marks[0]` and `marks[1]` and
    after the last verse `marks[1]`; after that comes the stop token and nothing else. What was fed
    is counted, whoever chose it: a beginning that a person gave counts too, and a verse of theirs
    that is too long is closed at once.

    Args:
        vocabulary: vocabulary of the model.
        marks: The mark inside a couplet and the one at its end, tokens of the vocabulary.
        others: Tokens that are no characters of a verse either: those that tell a form.
    """

    def __init__(self, vocabulary: Vocabulary, marks: tuple[str, str], others: Sequence[str] = ()):
        tokens = vocabulary.tokens
        no_characters = {*SPECIAL, *marks, *others}
        self.is_character = tf.constant([token not in no_characters for token in tokens])
        self.mark_ids = [tokens.index(mark) for mark in marks]
        self.size = len(tokens)

    def start(self, cells: Any, num_rows: tf.Tensor) -> Place:
        """Returns the place before a poem."""
        zeros = tf.zeros([num_rows], tf.int32)
        return Place(cells, zeros, zeros)

    def constrain(self, step: Step) -> Step:
        """Makes a step whose state is a `Place` and whose memory is a `Form`."""

        def constrained(tokens, state: Place, memory: Form):
            logits, cells = step(tokens, state.cells, None)
            is_mark = (tokens == self.mark_ids[0]) | (tokens == self.mark_ids[1])
            # An unknown character has its place in the verse like any other.
            counts = tf.gather(self.is_character, tokens) | (tokens == UNKNOWN_ID)
            verse = state.verse + tf.cast(is_mark, tf.int32)
            place = tf.where(is_mark, 0, state.place + tf.cast(counts, tf.int32))
            allowed = self._allowed(verse, place, memory)
            logits = tf.where(allowed, tf.cast(logits, tf.float32), _NEVER)
            return logits, Place(cells, verse, place)

        return constrained

    def _allowed(self, verse: tf.Tensor, place: tf.Tensor, form: Form) -> tf.Tensor:
        """Returns bool [B, V], what may come next."""
        last = verse + 1 >= form.num_verses
        first_mark, second_mark = self.mark_ids
        mark = tf.where((verse % 2 == 1) | last, second_mark, first_mark)
        wanted = tf.gather(
            form.first_ids, tf.minimum(verse, tf.shape(form.first_ids)[1] - 1), batch_dims=1
        )
        forced = tf.where(place >= form.verse_length, mark, wanted)
        forced = tf.where(verse >= form.num_verses, STOP_ID, forced)
        is_forced = (
            (verse >= form.num_verses)
            | (place >= form.verse_length)
            | ((place == 0) & (verse < form.num_first))
        )
        only = tf.one_hot(forced, self.size, True, False, dtype=tf.bool)
        return tf.where(is_forced[:, None], only, self.is_character[None])
