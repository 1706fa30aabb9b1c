"""A label in, text out: a one-to-N model that writes what belongs to a class."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from zoo.decoding import sample
from zoo.signatures.graph_function import graph_function
from zoo.signatures.language_model import Drawing
from zoo.text import PAD_ID, START_ID, STOP_ID, UNKNOWN_ID, TextFront, Vocabulary, fed_and_wanted


class LabelToText(tf.Module):
    """What `one_to_n` over classes exports.

    `serving_default`: label -> a text of that class. `score`: label and text -> the text's nats.
    `label_ids`: the number of the label -> token ids.

    The settings of drawing are inputs with defaults, of shape [1] or [batch]: `temperature` (0 is
    greedy), `top_k` (0 keeps all), `top_p` (1 keeps all), `max_length`, and `seed`: the same label
    and seed give the same text. A label that is not known is answered as no label at all, and
    `label_known` says so.

    Args:
        model: What `one_to_n` built over one-hot labels.
        labels: The labels, in the order of the model's features.
        vocabulary: Of the tokens.
        tokenizer: How text is read, cut and joined; labels are read by its normalizer.
        temperature, top_k, top_p, max_length: Defaults of the inputs.
    """

    def __init__(
        self,
        model: keras.Model,
        labels: Sequence[str],
        vocabulary: Vocabulary,
        tokenizer: TextFront,
        *,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        max_length: int = 64,
    ):
        super().__init__(name="label_to_text")
        self.vocabulary = vocabulary
        # The plain variables: what a SavedModel restores. The Keras objects stay out of it.
        self.weights = [variable.value for variable in model.variables]
        encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
        self.table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(list(labels)), tf.range(len(labels), dtype=tf.int64)
            ),
            -1,
        )

        def start(ids):
            # One-hot of -1 is zeros: no label.
            encoded = encoder({"features": tf.one_hot(ids, len(labels))}, training=False)
            memory = decoder.prepare(encoded["memory"], encoded["mask"])
            return decoder.get_initial_state(encoded["cells"], memory), memory

        def step(tokens, state, memory):
            return decoder.step(tokens, state, memory, training=False)

        def write(ids, drawing, max_length):
            rows = tf.shape(ids)[0]
            return sample(
                step,
                *start(ids),
                start_id=START_ID,
                stop_id=STOP_ID,
                forbidden_ids=(PAD_ID, UNKNOWN_ID, START_ID),
                max_length=tf.maximum(tf.broadcast_to(max_length, [rows]), 0),
                **drawing.settings(rows),
            )

        specs = [
            tf.TensorSpec([None], tf.float32, name="temperature"),
            tf.TensorSpec([None], tf.int32, name="top_k"),
            tf.TensorSpec([None], tf.float32, name="top_p"),
            tf.TensorSpec([None], tf.int32, name="seed"),
            tf.TensorSpec([None], tf.int32, name="max_length"),
        ]
        label_spec = tf.TensorSpec([None], tf.string, name="label")
        warmth, most = tf.constant([temperature], tf.float32), tf.constant([top_k], tf.int32)
        share, first = tf.constant([top_p], tf.float32), tf.constant([0], tf.int32)
        limit = tf.constant([max_length], tf.int32)

        @graph_function(input_signature=[label_spec, *specs])
        def serve(label, temperature=warmth, top_k=most, top_p=share, seed=first, max_length=limit):
            ids = self.table.lookup(tokenizer.normalizer.normalize(label))
            found = write(ids, Drawing(temperature, top_k, top_p, seed), max_length)
            written = tf.RaggedTensor.from_tensor(found.tokens, found.lengths)
            return {
                "text": tokenizer.join(vocabulary.strings(written)),
                "score": found.log_probabilities,
                "finished": found.finished,
                "label_known": ids >= 0,
            }

        @graph_function(input_signature=[tf.TensorSpec([None], tf.int32, name="label_id"), *specs])
        def label_ids(
            label_id, temperature=warmth, top_k=most, top_p=share, seed=first, max_length=limit
        ):
            found = write(label_id, Drawing(temperature, top_k, top_p, seed), max_length)
            return {
                "ids": found.tokens,
                "lengths": found.lengths,
                "scores": found.log_probabilities,
            }

        @graph_function(input_signature=[label_spec, tf.TensorSpec([None], tf.string, name="text")])
        def score(label, text):
            ids = vocabulary.ids(tokenizer.split(text))
            given, target = fed_and_wanted(ids)
            known = self.table.lookup(tokenizer.normalizer.normalize(label))
            features = tf.one_hot(known, len(labels))
            logits = model({"features": features, "target": given}, training=False)["logits"]
            nats = tf.nn.sparse_softmax_cross_entropy_with_logits(target, logits)
            real = tf.cast(target != PAD_ID, tf.float32)
            return {
                # The end of the text is one of its tokens.
                "nats": tf.reduce_sum(nats * real, axis=1),
                "tokens": tf.reduce_sum(tf.cast(real, tf.int32), axis=1),
            }

        self.serve, self.label_ids, self.score = serve, label_ids, score

    @property
    def signatures(self) -> dict:
        """The functions to export, by signature name."""
        return {
            "serving_default": self.serve,
            "label_ids": self.label_ids,
            "score": self.score,
        }
