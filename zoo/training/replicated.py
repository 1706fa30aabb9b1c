"""A Keras model under `tf.distribute`: what Keras 3 leaves undone, in one place.

Keras 3.15's `fit` does not run under `MultiWorkerMirroredStrategy` (keras-team/keras#20585), and
under any strategy its numbers are not those of one process at the same global batch. Each method
here says which part of Keras it stands in for; when `tests/zoo/training/test_replicated.py` passes
with a plain `keras.Model` in its place, this file can go.
"""

import keras
import tensorflow as tf

from zoo.errors import InputError

# A large prime: far from any sum of two layers' seeds.
_SEEDS_APART = 982_451_653


class Replicated(keras.Model):
    """Trains a model's replicas as one model on the global batch.

    A loss is the mean over the global batch, whatever the shares; gradients are summed over the
    replicas before they are clipped; metrics count the rows of all replicas. So the losses agree
    with those of one process at the same global batch, to float tolerance.

    A loss function that returns one number has an attribute `weight`: a function of y_true that
    returns how many things the number is the mean of, such as real tokens.

    Make it, and compile it, in the strategy's scope.

    Args:
        model: The model; its layers, and so its weights, are trained.

    Raises:
        InputError: the model has training or test steps of its own.
    """

    def __init__(self, model: keras.Model):
        super().__init__(name=model.name)
        for step in ("train_step", "test_step"):
            if getattr(type(model), step) is not getattr(keras.Model, step):
                raise InputError(
                    f"model {model.name!r} ({type(model).__name__}) has a {step} of its own and "
                    f"cannot be trained by several replicas; train it on one device"
                )
        self.model = model
        self.output_names = getattr(model, "output_names", None)
        self.built = True
        # The state of a random generator is the same on every replica, as checkpoints need it;
        # what is drawn from it must not be.
        for layer in self._flatten_layers():
            for generator in getattr(layer, "_seed_generators", ()):
                _draw_apart(generator)

    def call(self, inputs, training=None):
        return self.model(inputs, training=training)

    def compile(self, optimizer=None, loss=None, **settings):
        super().compile(
            optimizer=optimizer, loss=keras.tree.map_structure(OverReplicas, loss), **settings
        )
        if isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer):
            raise InputError(
                "float16 with a loss scale cannot be trained by several replicas; use "
                "mixed_bfloat16 or float32"
            )
        # Keras sums gradients only after it has clipped them, each replica by a norm of its own.
        # `train_step` sums them first, hence not again.
        self.optimizer._all_reduce_sum_gradients = lambda pairs: pairs

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # Keras reduces a batch over the replicas to learn its shapes: that fails on a structure,
        # and on shares of different lengths. One replica's share says the same.
        if iterator is not None:
            batch = next(next(iter(iterator))[2])
            data_batch = keras.tree.map_structure(
                lambda value: self.distribute_strategy.experimental_local_results(value)[0], batch
            )
        super()._maybe_symbolic_build(data_batch=data_batch)

    def train_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self._compute_loss(x, y, y_pred, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, self.trainable_weights)
        # The loss travels in the pack of the gradients.
        known = [gradient for gradient in gradients if gradient is not None]
        *known, loss = _sum_over_replicas([*known, loss])
        known = iter(known)
        gradients = [None if gradient is None else next(known) for gradient in gradients]
        self.optimizer.apply(gradients, self.trainable_weights)
        self._loss_tracker.update_state(loss)
        return self._logs(x, y, y_pred, sample_weight)

    def test_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        loss = self._compute_loss(x, y, y_pred, sample_weight, training=False)
        rows = tf.cast(tf.shape(keras.tree.flatten(x)[0])[0], loss.dtype)
        loss, rows = _sum_over_replicas([loss, rows])
        self._loss_tracker.update_state(loss, sample_weight=rows)
        return self._logs(x, y, y_pred, sample_weight)

    def _logs(self, x, y, y_pred, sample_weight):
        logs = self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)
        if isinstance(self.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy):
            # `reduce_per_replica` takes the mean over the first axis, which a scalar has not.
            logs = {name: tf.reshape(value, [1]) for name, value in logs.items()}
        return logs


class OverReplicas(keras.losses.Loss):
    """A replica's part of the mean of a loss over the global batch; the parts sum up to it.

    Args:
        loss: A function (y_true, y_pred) -> losses, a `keras.losses.Loss`, or a name of one.
    """

    def __init__(self, loss):
        loss = keras.losses.get(loss)
        super().__init__(name=getattr(loss, "name", None) or loss.__name__)
        self.loss = loss if isinstance(loss, keras.losses.Loss) else _Function(loss)
        self.weight = getattr(loss, "weight", None)

    def __call__(self, y_true, y_pred, sample_weight=None):
        mean = self.loss(y_true, y_pred, sample_weight)
        if self.loss.reduction == "sum":
            return mean
        values = self.loss.call(y_true, y_pred)
        if values.shape.rank:
            # Keras has divided by the number of replicas already.
            mean *= tf.distribute.get_strategy().num_replicas_in_sync
        if self.weight is not None:
            weight = self.weight(y_true)
        elif values.shape.rank:
            weight = tf.size(values)
        else:
            raise InputError(
                f"loss {self.name!r} returns one number and does not say what it is the mean of; "
                f"give the function an attribute weight to train by several replicas"
            )
        weight = tf.cast(weight, mean.dtype)
        return mean * tf.math.divide_no_nan(weight, _sum_over_replicas(weight))


class _Function(keras.losses.Loss):
    def __init__(self, function):
        super().__init__(name=function.__name__)
        self.function = function

    def call(self, y_true, y_pred):
        return tf.convert_to_tensor(self.function(y_true, y_pred))


def _draw_apart(generator: keras.random.SeedGenerator) -> None:
    if hasattr(generator, "draws_apart"):
        return
    draw, generator.draws_apart = generator.next, True

    def next(ordered=True):
        seed, context = draw(ordered), tf.distribute.get_replica_context()
        if context is None:
            return seed
        replica = tf.cast(context.replica_id_in_sync_group, seed.dtype)
        return seed + tf.stack([replica * _SEEDS_APART, 0])

    generator.next = next


def _sum_over_replicas(values):
    context = tf.distribute.get_replica_context()
    # None where Keras only asks for shapes.
    return values if context is None else context.all_reduce(tf.distribute.ReduceOp.SUM, values)
