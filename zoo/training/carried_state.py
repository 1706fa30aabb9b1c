"""Truncated back-propagation through time: a window begins in the state that the last one left."""

import keras
import tensorflow as tf

from zoo.errors import InputError


class CarriedState(keras.Model):
    """Trains a model on one window after another of a longer text, the state handed on.

        logits, s_{k+1} = model(window_k, s_k)

    No gradient goes from a window into the one before (Williams & Peng 1990). The states are
    variables that training does not change by gradient: they stand in the checkpoint, and a run
    that is resumed goes on in them. `LanePlan` makes batches whose rows go on from step to step.

    Validation (`test_step`) begins every row at zeros and carries the state over its whole length,
    window by window, so a long text in one row is measured in a single pass, in the memory of one
    window.

    Args:
        model: A functional model with the inputs `tokens` int [B, N], `length` int [B] and
            `state_0`, `state_1`, ..., the last also outputs, beside `logits` [B, N, K]: `n_to_n`
            with `state_inputs`. Its layers are trained; it is what to save.
        batch_size: Rows of a training batch.
        window: Steps of a row that validation runs at a time. Defaults to 256.

    Call arguments:
        inputs: `tokens` and `length`. In training `batch_size` rows.

    Returns:
        A dict of the logits [B, N, K].

    Raises:
        InputError: the model has no states to carry, or several devices would share the rows.
    """

    def __init__(self, model: keras.Model, batch_size: int, window: int = 256):
        super().__init__(name=f"{model.name}_carried")
        self.state_names = sorted(
            (name for name in model.output if name.startswith("state_")),
            key=lambda name: int(name.removeprefix("state_")),
        )
        if tf.distribute.get_strategy().num_replicas_in_sync > 1:
            raise InputError(
                "a state that is carried from batch to batch stays where its rows are; train this "
                "model on one device"
            )
        if not self.state_names:
            raise InputError(f"model {model.name!r} hands no state on; build it with state_inputs")
        self.model, self.window = model, window
        self.carried = [
            self.add_weight(
                shape=(batch_size, model.output[name].shape[-1]),
                initializer="zeros",
                trainable=False,
                name=name,
            )
            for name in self.state_names
        ]
        self.built = True

    def call(self, inputs, training=None):
        if not training:
            logits, _ = self._window(inputs, self._zeros(tf.shape(inputs["tokens"])[0]))
            return {"logits": logits}
        states = [tf.convert_to_tensor(variable.value) for variable in self.carried]
        logits, states = self._window(inputs, states, training=True)
        for variable, state in zip(self.carried, states, strict=True):
            variable.assign(tf.stop_gradient(state))
        return {"logits": logits}

    def _window(self, inputs, states, training=False):
        given = dict(zip(self.state_names, states, strict=True))
        outputs = self.model({**inputs, **given}, training=training)
        after = [tf.cast(outputs[name], tf.float32) for name in self.state_names]
        return outputs["logits"], after

    def _zeros(self, num_rows) -> list[tf.Tensor]:
        return [tf.zeros([num_rows, variable.shape[-1]]) for variable in self.carried]

    def test_step(self, data):
        inputs, targets, _ = keras.utils.unpack_x_y_sample_weight(data)
        tokens, length = inputs["tokens"], inputs["length"]
        num_steps = tf.shape(tokens)[1]
        losses = next(metric for metric in self.metrics if metric.name == "loss")

        def measure(start, states):
            part = slice(start, start + self.window)
            left = tf.clip_by_value(length - start, 0, tf.minimum(self.window, num_steps - start))
            window = {"tokens": tokens[:, part], "length": left}
            logits, states = self._window(window, states)
            wanted = {name: target[:, part] for name, target in targets.items()}
            found = {"logits": logits}
            loss = self.compute_loss(window, wanted, found, training=False)
            losses.update_state(loss, sample_weight=tf.reduce_sum(left))
            for metric in self.metrics:
                if metric is not losses:
                    metric.update_state(wanted, found)
            return start + self.window, states

        tf.while_loop(
            lambda start, states: start < num_steps,
            measure,
            (tf.constant(0), self._zeros(tf.shape(tokens)[0])),
        )
        return self.get_metrics_result()
