"""A sentence with gaps in, the likeliest words out."""

import keras
import tensorflow as tf

from zoo.signatures.graph_function import graph_function
from zoo.signatures.signature_module import SignatureModule
from zoo.text import PAD_ID, TextFront, Vocabulary
from zoo.text.vocabulary import SPECIAL

# What stands for a gap in a text: two underscores or more.
GAP = "__+"
_NUM_SPECIAL = len(SPECIAL)
# No text has this character, which was made to separate parts of one.
_CUT = "\x1f"


class GapFiller(SignatureModule):
    """What `cloze` exports: it fills the gaps of a text, or says what it expects at every word.

    `serving_default` takes `text` with gaps written `___`. Outputs, with G the most gaps of a row
    and A = `num_alternatives`, padded by "" and 0: `words` string [B, G, A], the likeliest, and
    `scores` float [B, G, A], their probabilities; `gaps` int [B], how many there are; `text`
    string [B], with the first of the words in each gap. A gap is filled as if the others held
    unknown words.

    `every_word` takes `tokens`, words with spaces between them, and takes out each of them in turn,
    the others in their places: `words`, `scores` [B, N, A] as above; `score` float [B, N], the
    probability of the word that stands there; `rank` int [B, N], its place among all words, 1 the
    likeliest and 0 for a word that the vocabulary lacks; `lengths` int [B].

    Args:
        model: What `cloze` built.
        vocabulary: Its words, in lower case.
        front: How text is read and cut into words; leaves runs of underscores whole.
        num_alternatives: How many words are given for a gap.
    """

    def __init__(
        self,
        model: keras.Model,
        vocabulary: Vocabulary,
        front: TextFront,
        *,
        num_alternatives: int = 5,
    ):
        super().__init__("gap_filler", model.variables, vocabulary=vocabulary)
        count = min(num_alternatives, len(vocabulary) - _NUM_SPECIAL)
        text_spec = tf.TensorSpec([None], tf.string, name="text")
        tokens_spec = tf.TensorSpec([None], tf.string, name="tokens")

        @graph_function(
            input_signature=[tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)]
        )
        def probabilities(ids, lengths):
            logits = model({"tokens": ids, "length": lengths}, training=False)["logits"]
            # A gap holds a word: not padding, not "unknown".
            real = tf.range(tf.shape(logits)[-1]) >= _NUM_SPECIAL
            return tf.nn.softmax(tf.where(real, logits, logits.dtype.min))

        def encoded(tokens):
            lowered = tf.strings.lower(tokens.values, encoding="utf-8")
            ids = vocabulary.ids(tokens.with_values(lowered))
            return ids, tf.cast(ids.row_lengths(), tf.int32)

        def best(found):
            top = tf.math.top_k(found, count)
            return vocabulary.strings(top.indices), top.values

        def serve(text):
            text = front.normalizer.normalize(text)
            tokens = front.tokenizer.split(text)
            is_gap = tokens.with_values(tf.strings.regex_full_match(tokens.values, GAP))
            ids, lengths = encoded(tokens)
            found = probabilities(_some(ids.to_tensor(PAD_ID)), lengths)
            places = tf.where(is_gap.to_tensor(False))
            words, scores = best(tf.gather_nd(found, places))
            rows = tf.shape(text, tf.int64)[0]
            words, scores = (
                tf.RaggedTensor.from_value_rowids(value, places[:, 0], nrows=rows)
                for value in (words, scores)
            )
            return {
                "text": _filled(text, words),
                "words": words.to_tensor("", shape=[None, None, count]),
                "scores": scores.to_tensor(0.0, shape=[None, None, count]),
                "gaps": tf.cast(words.row_lengths(), tf.int32),
            }

        def every_word(tokens):
            words = tf.strings.split(tokens)
            ids, lengths = encoded(words.with_values(front.normalizer.normalize(words.values)))
            ids = ids.to_tensor(PAD_ID)
            found = probabilities(_some(ids), lengths)[:, : tf.shape(ids)[1]]
            real = tf.sequence_mask(lengths, tf.shape(ids)[1])
            score = tf.gather(found, ids, batch_dims=2)
            rank = 1 + tf.math.count_nonzero(found > score[..., None], -1, dtype=tf.int32)
            known = real & (ids >= _NUM_SPECIAL)
            words, scores = best(found)
            return {
                "words": tf.where(real[..., None], words, ""),
                "scores": tf.where(real[..., None], scores, 0.0),
                "score": tf.where(known, score, 0.0),
                "rank": tf.where(known, rank, 0),
                "lengths": lengths,
            }

        self.add("serving_default", serve, [text_spec])
        self.add("every_word", every_word, [tokens_spec])


def _filled(text, words):
    """Puts the first word of each gap into the text: string [B]."""
    marked = tf.strings.regex_replace(tf.strings.regex_replace(text, _CUT, ""), GAP, _CUT)
    pieces = tf.strings.split(marked, _CUT)
    first = words.with_values(words.values[:, 0])
    nothing = tf.fill([tf.shape(text)[0], 1], "")
    behind = tf.concat([first, nothing], 1)
    # One more piece than gaps; where the tokenizer sees fewer gaps, the rest stay empty.
    count = tf.cast(pieces.row_lengths(), tf.int32)
    behind = tf.RaggedTensor.from_tensor(_wide(behind, tf.reduce_max(count)), count)
    joined = tf.strings.join([pieces.values, behind.values])
    return tf.strings.reduce_join(pieces.with_values(joined), -1)


def _wide(ragged, width):
    padded = ragged.to_tensor("")
    return tf.pad(padded, [[0, 0], [0, tf.maximum(0, width - tf.shape(padded)[1])]])


def _some(ids):
    """Pads a width of zero to one: where all rows are empty, there is still a step."""
    return tf.pad(ids, [[0, 0], [0, tf.cast(tf.shape(ids)[1] == 0, tf.int32)]])
