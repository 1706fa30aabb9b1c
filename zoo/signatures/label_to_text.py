"""A label in, text out: a one-to-N model that writes what belongs to a class."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from zoo.decoding import sample
from zoo.signatures.language_model import drawing_settings, drawn_by
from zoo.signatures.signature_module import Setting, SignatureModule
from zoo.text import PAD_ID, START_ID, STOP_ID, UNKNOWN_ID, TextFront, Vocabulary, fed_and_wanted

# The longest text that a caller can ask for.
MOST_TOKENS = 512


class LabelToText(SignatureModule):
    """What `one_to_n` over classes exports.

    `serving_default`: label -> a text of that class. `score`: label and text -> the text's nats.
    `label_ids`: the number of the label -> token ids.

    `with_settings` and `label_ids_with_settings` take the settings of drawing too, [1] or [batch]
    each (see `drawing_settings`), and `max_length`, at most `MOST_TOKENS`: the same label and seed
    give the same text. A label that is not known is answered as no label at all, and
    `label_known` says so.

    Args:
        model: What `one_to_n` built over one-hot labels.
        labels: The labels, in the order of the model's features.
        vocabulary: vocabulary of the tokens.
        tokenizer: How text is read, cut and joined; labels are read by its normalizer.
        temperature, top_k, top_p, max_length: defaults of the settings.
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
        super().__init__("label_to_text", model.variables, vocabulary=vocabulary)
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

        def write(ids, temperature, top_k, top_p, seed, max_length):
            return sample(
                step,
                *start(ids),
                start_id=START_ID,
                stop_id=STOP_ID,
                forbidden_ids=(PAD_ID, UNKNOWN_ID, START_ID),
                max_length=max_length,
                **drawn_by(temperature, top_k, top_p, seed),
            )

        def serve(label, *drawing):
            ids = self.table.lookup(tokenizer.normalizer.normalize(label))
            found = write(ids, *drawing)
            written = tf.RaggedTensor.from_tensor(found.tokens, found.lengths)
            return {
                "text": tokenizer.join(vocabulary.strings(written)),
                "score": found.log_probabilities,
                "finished": found.finished,
                "label_known": ids >= 0,
            }

        def label_ids(label_id, *drawing):
            found = write(label_id, *drawing)
            return {
                "ids": found.tokens,
                "lengths": found.lengths,
                "scores": found.log_probabilities,
            }

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

        label_spec = tf.TensorSpec([None], tf.string, name="label")
        id_spec = tf.TensorSpec([None], tf.int32, name="label_id")
        text_spec = tf.TensorSpec([None], tf.string, name="text")
        drawing = drawing_settings(temperature, top_k, top_p)
        drawing.append(Setting("max_length", max_length, tf.int32, 0, MOST_TOKENS))
        self.add("serving_default", serve, [label_spec], drawing)
        self.add("label_ids", label_ids, [id_spec], drawing)
        self.add("score", score, [label_spec, text_spec])
