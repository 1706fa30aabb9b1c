"""Text in, a tag for each of its words out: a tagger with its tokenizing inside the graph."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from zoo.signatures.graph_function import graph_function
from zoo.signatures.signature_module import SignatureModule
from zoo.signatures.spans import spans
from zoo.text import PAD_ID, TextFront, Vocabulary
from zoo.text.spelling import character_ids, word_ids

# From the model's outputs and the rows' lengths to tags int [B, N] and probabilities [B, N, K].
Decode = Callable[[dict, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


class TextToTags(SignatureModule):
    """What `tagger` exports: sentences in, their words with tags and scores out.

    Two signatures with the same outputs. `serving_default` takes `text` and cuts it into words
    itself; `tokens` takes words that are cut already, with spaces between them. Outputs, padded on
    the right by "" and 0, with N the words of the longest row and A = `num_alternatives`:

        tokens, tags   string [B, N]       scores              float [B, N], the tag's probability
        lengths        int [B]             alternatives        string [B, N, A], the likeliest tags
                                           alternative_scores  float [B, N, A]

    With `row_classes`, NAME string [B], NAME_score float [B] and the likeliest, NAME_alternatives
    and NAME_alternative_scores [B, A]. With `span_name`, the stretches of IOB2 tags: NAME_text,
    NAME_name, NAME_start, NAME_end, NAME_score [B, E] and NAME_count [B]; see `spans`.

    Args:
        model: What `tagger` built.
        words, characters: The vocabularies.
        tags: The names of the classes, in order.
        decode: Turns the model's outputs into tags and probabilities.
        front: How text is read and cut into words; words that are cut already are read by its
            normalizer, each for itself.
        max_characters: See `character_ids`.
        row_classes: The names of the row's classes, in order, or none.
        row_name: What a row's class is called, in the outputs' names.
        span_name: What a stretch is called, in the outputs' names; None: there are none.
        lower_case: Whether words are lower-cased before their characters are read: for a model
            that never saw a capital.
        num_alternatives: How many tags are returned with their scores; at most all.
    """

    def __init__(
        self,
        model: keras.Model,
        words: Vocabulary,
        characters: Vocabulary,
        tags: Sequence[str],
        decode: Decode,
        front: TextFront,
        *,
        max_characters: int,
        row_classes: Sequence[str] = (),
        row_name: str = "label",
        span_name: str | None = None,
        lower_case: bool = False,
        num_alternatives: int = 5,
    ):
        super().__init__("text_to_tags", model.variables, words=words, characters=characters)
        tag_names, row_names = tf.constant(list(tags)), tf.constant(list(row_classes), tf.string)
        text_spec = tf.TensorSpec([None], tf.string, name="text")
        tokens_spec = tf.TensorSpec([None], tf.string, name="tokens")
        padded_spec = tf.TensorSpec([None, None], tf.string)
        lengths_spec = tf.TensorSpec([None], tf.int32)

        @graph_function(input_signature=[padded_spec, lengths_spec])
        def tag(padded, lengths):
            tokens = tf.RaggedTensor.from_tensor(padded, lengths)
            spelled = tokens
            if lower_case:
                lowered = tf.strings.lower(tokens.values, encoding="utf-8")
                spelled = tokens.with_values(lowered)
            letters = character_ids(spelled, characters, max_characters)
            given = {
                "tokens": _some(word_ids(tokens, words).to_tensor(PAD_ID)),
                "characters": _some(_some(letters.to_tensor(PAD_ID), 1), 2),
                "length": lengths,
            }
            outputs = model(given, training=False)
            chosen, probabilities = decode(outputs, lengths)
            steps = tf.shape(padded)[1]
            chosen, probabilities = chosen[:, :steps], probabilities[:, :steps]
            real = tf.sequence_mask(lengths, steps)
            names = tf.where(real, tf.gather(tag_names, chosen), "")
            scores = tf.where(real, tf.gather(probabilities, chosen, batch_dims=2), 0.0)
            best = tf.math.top_k(probabilities, min(num_alternatives, len(tags)))
            answer = {
                "tokens": padded,
                "tags": names,
                "scores": scores,
                "lengths": lengths,
                "alternatives": tf.where(real[..., None], tf.gather(tag_names, best.indices), ""),
                "alternative_scores": tf.where(real[..., None], best.values, 0.0),
            }
            if row_classes:
                answer |= _row_answer(outputs["row_logits"], row_names, row_name, num_alternatives)
            if span_name:
                found = spans(padded, names, scores, front.separator)
                answer |= {f"{span_name}_{key}": value for key, value in found.items()}
            return answer

        def padded(tokens):
            lengths = tf.cast(tokens.row_lengths(), tf.int32)
            return tokens.to_tensor(""), lengths

        def serve(text):
            return tag(*padded(front.split(text)))

        def serve_tokens(tokens):
            words = tf.strings.split(tokens)
            return tag(*padded(words.with_values(front.normalizer.normalize(words.values))))

        self.add("serving_default", serve, [text_spec])
        self.add("tokens", serve_tokens, [tokens_spec])


def _row_answer(logits, names, called, count):
    best = tf.math.top_k(tf.nn.softmax(logits), min(count, names.shape[0]))
    alternatives = tf.gather(names, best.indices)
    return {
        called: alternatives[:, 0],
        f"{called}_score": best.values[:, 0],
        f"{called}_alternatives": alternatives,
        f"{called}_alternative_scores": best.values,
    }


def _some(tensor, axis: int = 1):
    """Pads an axis of length zero to one: where all rows are empty, there is still a step."""
    more = tf.cast(tf.shape(tensor)[axis] == 0, tf.int32)
    paddings = [[0, more if place == axis else 0] for place in range(tensor.shape.rank)]
    return tf.pad(tensor, paddings)
