"""Text in, a label out: a classifier of sequences with its tokenizing inside the graph."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from zoo.errors import InputError
from zoo.signatures.graph_function import graph_function
from zoo.signatures.signature_module import SignatureModule, unknown_share
from zoo.text import PAD_ID, Tokenizer, Vocabulary


class TextToLabel(SignatureModule):
    """What `n_to_one` exports: strings in, the labels with their probabilities out, best first.

    Three signatures, B texts of N tokens, K labels:

        serving_default   text [B] -> label [B], score [B], labels [B, K], scores [B, K],
                          tokens [B, N], attention [B, N], unknown_share [B]
        token_ids         tokens int [B, N], length int [B] -> labels, scores [B, K], attention
        classify          inputs [B], each a tf.Example with the bytes feature "text" -> classes
                          [B, K], scores [B, K]: what the Classify call of TensorFlow Serving asks
                          for, in the order of the labels

    A text without a token has the vector zero, so its answer is the same for all such texts. A
    token that the vocabulary lacks is read as unknown, and the share of such tokens is an output.
    `attention` is there where the model pools by attention; its rows add up to one, or to zero for
    an empty text.

    Args:
        model: What `n_to_one` built, of tokens.
        vocabulary: vocabulary of the tokens.
        tokenizer: How text is cut.
        labels: The K labels, in the order of the logits.
        max_length: Tokens that are read of a text; what follows is left out.

    Raises:
        InputError: the labels are not as many as the model's logits.

    Example:

        model = zoo.build("n_to_one", num_classes=2, vocabulary_size=len(vocabulary))
        module = TextToLabel(model, vocabulary, tokenizers.get("words"), ["no", "yes"])
        module.serving_default(tf.constant(["a fine day"]))["label"]
    """

    def __init__(
        self,
        model: keras.Model,
        vocabulary: Vocabulary,
        tokenizer: Tokenizer,
        labels: Sequence[str],
        *,
        max_length: int = 1000,
    ):
        super().__init__("text_to_label", model.variables, vocabulary=vocabulary)
        if model.output["logits"].shape[-1] != len(labels):
            raise InputError(
                f"{len(labels)} labels for a model of {model.output['logits'].shape[-1]} classes; "
                f"expected as many"
            )
        pooling = model.get_layer("pooling")
        attends = pooling.kind == "attention"
        hidden = model.get_layer("recurrence").output[0]
        inner = keras.Model(model.input, {"logits": model.output["logits"], "hidden": hidden})
        names = tf.constant(list(labels))

        ids_spec = tf.TensorSpec([None, None], tf.int32, name="tokens")
        lengths_spec = tf.TensorSpec([None], tf.int32, name="length")
        text_spec = tf.TensorSpec([None], tf.string, name="text")
        example_spec = tf.TensorSpec([None], tf.string, name="inputs")

        @graph_function(input_signature=[ids_spec, lengths_spec])
        def classified(ids, length):
            found = inner({"tokens": ids, "length": length}, training=False)
            answer = {"probabilities": tf.nn.softmax(tf.cast(found["logits"], tf.float32))}
            if attends:
                weights = pooling.weights_of(found["hidden"], length)
                answer["attention"] = tf.cast(weights, tf.float32)
            return answer

        def tokenize(text):
            return tokenizer.split(text)[:, :max_length]

        def ranked(answer):
            scores, order = tf.math.top_k(answer["probabilities"], len(labels))
            ranks = {"labels": tf.gather(names, order), "scores": scores}
            return {**ranks, **({"attention": answer["attention"]} if attends else {})}

        def serve(text):
            tokens = tokenize(text)
            ids, length = vocabulary.ids(tokens), tf.cast(tokens.row_lengths(), tf.int32)
            answer = ranked(classified(ids.to_tensor(PAD_ID), length))
            return {
                "label": answer["labels"][:, 0],
                "score": answer["scores"][:, 0],
                **answer,
                "tokens": tokens.to_tensor(""),
                "unknown_share": unknown_share(ids),
            }

        def token_ids(tokens, length):
            return ranked(classified(tokens, length))

        def classify(inputs):
            feature = tf.io.FixedLenFeature([], tf.string, default_value="")
            text = tf.io.parse_example(inputs, {"text": feature})["text"]
            tokens = tokenize(text)
            ids, length = vocabulary.ids(tokens), tf.cast(tokens.row_lengths(), tf.int32)
            scores = classified(ids.to_tensor(PAD_ID), length)["probabilities"]
            classes = tf.broadcast_to(names[None], tf.shape(scores))
            return {"classes": classes, "scores": scores}

        self.add("serving_default", serve, [text_spec])
        self.add("token_ids", token_ids, [ids_spec, lengths_spec])
        self.add("classify", classify, [example_spec])

    @property
    def methods(self) -> dict[str, str]:
        """The signatures that serve a call of their own; see `export_saved_model`."""
        return {"classify": "classify"}
