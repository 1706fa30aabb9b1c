"""Pieces of words from a closed list, cut by TF Text's longest match inside a graph."""

from collections.abc import Sequence

import tensorflow as tf

from zoo.text.marked_words import SPACE, join_words
from zoo.text.op_library import text_ops
from zoo.text.vocabulary import UNKNOWN_ID, Vocabulary

# Stands for a character that no piece has.
REPLACEMENT = "\ufffd"
# Two code points that Unicode keeps free of characters: no text has them.
_INSIDE, _NO_MATCH = "\ufdd0", "\ufdd1"
# As `tf.strings.split` sees it.
_WHITE_SPACE = " \t\n\r\f\v"


class WordPieces:
    """Cuts text into the longest pieces of a list, and joins them again.

    A word, which is what stands between white space, is cut from left to right into the longest
    pieces (WordPiece; in linear time by Song et al. 2021). White space before a word is a leading ▁
    of its first piece (as in SentencePiece, Kudo and Richardson 2018), so that joining gives the
    text back up to runs of white space, signs and all. Pieces that `learn_pieces` found end at
    every sign and Chinese character. A character that no piece has is read as U+FFFD, a piece of
    its own; where only longer pieces have it, it is a piece of its own too.

    The list is a constant of the graph: an exported model needs TF Text's op library, and no file.

    Args:
        pieces: The list; a word's beginning starts with ▁.

    Example:

    >>> cut = WordPieces(["▁play", "ing", "▁"])
    >>> cut.split_text("playing it")
    ['▁play', 'ing', '▁', 'i', '�']
    """

    name = "subwords"
    # What stands between two pieces in the joined text.
    separator = ""

    def __init__(self, pieces: Sequence[str]):
        # A piece with one of the two code points could not be told from their use here.
        pieces = [piece for piece in pieces if not {_INSIDE, _NO_MATCH} & set(piece)]
        characters = sorted({SPACE, *(character for piece in pieces for character in piece)})
        # With every character a piece, a match always goes on.
        self._pieces = list(dict.fromkeys([*pieces, *characters, REPLACEMENT]))
        known = "".join(rf"\x{{{ord(sign):x}}}" for sign in (*characters, *_WHITE_SPACE))
        self._unknown = f"[^{known}]"
        # A piece is looked for at a word's beginning and inside it, where its name starts with a
        # mark; both stand for the same.
        names = [*self._pieces, *(_INSIDE + piece for piece in self._pieces), _NO_MATCH]
        # Not in the graph that is being traced: its constant outlives it.
        with tf.init_scope():
            self._matcher = text_ops().FastWordpieceTokenizer(
                names,
                suffix_indicator=_INSIDE,
                unknown_token=_NO_MATCH,
                max_bytes_per_word=2**30,
                no_pretokenization=True,
                token_out_type=tf.int32,
            )

    def split(self, text: tf.Tensor) -> tf.RaggedTensor:
        """Cuts strings [B] into a ragged [B, (pieces)]; an empty string has no piece."""
        return self._cut(text, tf.constant([*self._pieces, *self._pieces, REPLACEMENT]))

    def ids(self, text: tf.Tensor, vocabulary: Vocabulary) -> tf.RaggedTensor:
        """Returns `vocabulary.ids(self.split(text))`, int32 [B, (pieces)], without the strings."""
        place = {token: number for number, token in enumerate(vocabulary.tokens)}
        ids = [place.get(piece, UNKNOWN_ID) for piece in self._pieces]
        return self._cut(text, tf.constant([*ids, *ids, UNKNOWN_ID], tf.int32))

    def join(self, pieces: tf.RaggedTensor) -> tf.Tensor:
        """Joins a ragged [B, (pieces)] into strings [B]."""
        return join_words(pieces)

    def split_text(self, text: str) -> list[str]:
        """Does what `split` does to one Python string."""
        return [piece.decode() for piece in self.split(tf.constant([text]))[0].numpy()]

    def _cut(self, text, values):
        text = tf.strings.regex_replace(text, SPACE, "_")
        text = tf.strings.regex_replace(text, self._unknown, REPLACEMENT)
        words = tf.strings.split(text)
        found = self._matcher.tokenize(tf.strings.join([SPACE, words.values]))
        rows = tf.gather(found.row_splits, words.row_splits)
        return tf.RaggedTensor.from_row_splits(
            tf.gather(values, found.values), rows, validate=False
        )
