"""What long_memory exports: the two problems as text, answered inside the graph."""

import keras
import tensorflow as tf

from recipes.datasets.memory_problems import BLANK, COPIED, RECALL, SYMBOLS
from zoo.signatures.graph_function import graph_function
from zoo.signatures.signature_module import Setting, SignatureModule


def run_with_gradients(stack, steps: tf.Tensor, length: tf.Tensor, answer) -> tuple:
    """Runs a stack of one layer step by step, and says how much each state mattered.

    A zero is added to each state s_t; the gradient with respect to that zero is d answer / d s_t,
    through everything that follows (back-propagation through time).

    Args:
        stack: A `RecurrentStack` of one layer and direction.
        steps: float [B, T, D].
        length: int [B]; states past it do not count, and have the gradient 0.
        answer: From the last outputs [B, units] to the answer [B].

    Returns:
        The answer [B], and the norms of its gradients, float [B, T].
    """
    batch, time = tf.shape(steps)[0], tf.shape(steps)[1]
    state = stack.get_initial_state(batch)
    nudges = tf.nest.map_structure(lambda part: tf.zeros([time, batch, part.shape[-1]]), state)
    by_time = tf.transpose(steps, [1, 0, 2])

    def step(t, output, state):
        real = (t < length)[:, None]
        new_output, new_state = stack.step(by_time[t], state, training=False)
        new_state = tf.nest.pack_sequence_as(state, tf.nest.flatten(new_state))
        new_state = tf.nest.map_structure(lambda part, nudge: part + nudge[t], new_state, nudges)
        # h is the first part of every cell's state, and with it the output is nudged.
        new_output = new_output + tf.nest.flatten(nudges)[0][t]
        kept = tf.nest.map_structure(lambda new, old: tf.where(real, new, old), new_state, state)
        return t + 1, tf.where(real, new_output, output), kept

    with tf.GradientTape() as tape:
        tape.watch(nudges)
        output = tf.zeros([batch, stack.output_size])
        _, output, _ = tf.while_loop(lambda t, *_: t < time, step, (tf.constant(0), output, state))
        answered = answer(output)
    found = tape.gradient(answered, nudges)
    squares = [tf.reduce_sum(part**2, -1) for part in tf.nest.flatten(found)]
    return answered, tf.transpose(tf.sqrt(tf.add_n(squares)))


# The longest wait that a caller can ask for.
MOST_STEPS = 10_000


class MarkedSum(SignatureModule):
    """Numbers as text, two of them marked by a star, to the sum of the marked ones.

    `serving_default` takes `text`, such as "0.31 0.5* 0.2 0.11*", and answers with `sum`, its
    `gradient_norm` with respect to the state at each step, and `length`. `steps` takes numbers and
    marks, float [B, T, 2], with lengths, and answers with `sum` alone.

    Args:
        model: What `n_to_one` built, with one layer.
    """

    def __init__(self, model: keras.Model):
        super().__init__("marked_sum", model.variables)
        stack, output = model.get_layer("recurrence"), model.get_layer("output_projection")

        def serve(text):
            words = tf.strings.split(text)
            marks = tf.cast(tf.strings.regex_full_match(words.values, r".*\*"), tf.float32)
            numbers = tf.strings.to_number(tf.strings.regex_replace(words.values, r"\*$", ""))
            steps = words.with_values(tf.stack([numbers, marks], -1)).to_tensor()
            length = tf.cast(words.row_lengths(), tf.int32)
            total, norms = run_with_gradients(
                stack, steps, length, lambda hidden: output(hidden)[:, 0]
            )
            return {"sum": total, "gradient_norm": norms, "length": length}

        def steps(features, length):
            given = {"features": features, "length": length}
            return {"sum": model(given, training=False)["logits"][:, 0]}

        numbers = [
            tf.TensorSpec([None, None, 2], tf.float32, name="features"),
            tf.TensorSpec([None], tf.int32, name="length"),
        ]
        self.add("serving_default", serve, [tf.TensorSpec([None], tf.string, name="text")])
        self.add("steps", steps, numbers)


class Recall(SignatureModule):
    """Ten digits from 0 to 7 as text, to what is left of them after a wait.

    `serving_default` takes `text`, such as "3141526535", and waits as long as in training; it
    answers with `text`, and the `probability` of each symbol. `with_settings` takes `wait` too, at
    most `MOST_STEPS`.
    `tokens` takes whole sequences with their lengths and answers with `ids` [B, T] and
    `probabilities` [B, T, 8].

    Args:
        model: What `n_to_n` built.
        wait: The training length.
    """

    def __init__(self, model: keras.Model, wait: int):
        super().__init__("recall", model.variables)
        tokens_spec = tf.TensorSpec([None, None], tf.int32, name="tokens")
        length_spec = tf.TensorSpec([None], tf.int32, name="length")

        @graph_function(input_signature=[tokens_spec, length_spec])
        def answer(tokens, length):
            given = {"tokens": tokens, "length": length}
            return tf.nn.softmax(model(given, training=False)["logits"])

        def serve(text, wait):
            letters = tf.strings.bytes_split(text).to_tensor("0", shape=[None, COPIED])
            symbols = tf.clip_by_value(tf.strings.to_number(letters, tf.int32), 0, SYMBOLS - 1)
            batch = tf.shape(symbols)[0]
            length = wait + 2 * COPIED
            after = tf.fill([batch, tf.reduce_max(length) - COPIED], BLANK)
            asks = tf.one_hot(wait - 1, tf.shape(after)[1], dtype=tf.int32)
            after += asks * (RECALL - BLANK)
            probabilities = answer(tf.concat([symbols, after], 1), length)
            places = (length - COPIED)[:, None] + tf.range(COPIED)
            found = tf.gather(probabilities, places, batch_dims=1)
            said = tf.strings.as_string(tf.argmax(found, -1))
            return {
                "text": tf.strings.reduce_join(said, -1),
                "probability": tf.reduce_max(found, -1),
            }

        def tokens(tokens, length):
            probabilities = answer(tokens, length)
            return {
                "ids": tf.argmax(probabilities, -1, tf.int32),
                "probabilities": probabilities,
            }

        longest = Setting("wait", wait, tf.int32, 1, MOST_STEPS)
        text_spec = tf.TensorSpec([None], tf.string, name="text")
        self.add("serving_default", serve, [text_spec], [longest])
        self.add("tokens", tokens, [tokens_spec, length_spec])
