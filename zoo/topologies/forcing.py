"""How a decoder is fed in training: the truth, its own tokens, or a mixture of both."""

import random
from typing import Any

import keras
import tensorflow as tf

from zoo.checks import check_choice
from zoo.decoding import SamplingSchedule, free_running, scheduled_sampling, teacher_forcing
from zoo.errors import InputError
from zoo.topologies.attention_terms import attention_terms
from zoo.topologies.encoder_decoder import start_decoding
from zoo.topologies.professor import Discriminator

WAYS = ("teacher", "scheduled", "free", "professor")


def forced(
    model: keras.Model,
    how: str = "teacher",
    *,
    schedule: SamplingSchedule | None = None,
    temperature: float = 0.0,
    discriminator: Discriminator | None = None,
    coverage_weight: float = 1.0,
    entropy_weight: float = 0.0,
    seed: int | None = None,
    judged: tuple[str, ...] = ("logits",),
    pad_id: int = 0,
) -> "ForcedModel":
    """Returns an encoder-decoder as it is trained, to compile and fit as any Keras model.

    Its layers, and so its weights, are the model's. In training

        "teacher"    feeds the true tokens;
        "scheduled"  feeds at each step and in each row the true token or the model's own, by a
                     coin whose probability follows a schedule (Bengio et al. 2015);
        "free"       feeds the model's own from the second step on;
        "professor"  feeds the true tokens, and makes the hidden states of a free run, whose tokens
                     are drawn, like those of the forced one, by a discriminator that tells the two
                     apart (Lamb et al. 2016).

    A decoder with attention "coverage" or "hard" is trained with their losses besides, whichever
    the way. Validation and prediction are under teacher forcing and have none of this. The history
    shows what was added: "coverage", "reinforce", "discriminator" (its accuracy), "own_tokens" (the
    probability of the schedule).

    All that training carries (the seed and the step that a schedule and the draws follow, the
    baseline, the discriminator) is among the returned model's `variables`: a checkpoint of them
    resumes exactly.

    Args:
        model: What `attention_n_to_m`, `n_to_m` or `one_to_n` built.
        how: "teacher", "scheduled", "free" or "professor".
        schedule: With "scheduled": the probability of the model's own token by training step;
            `zoo.decoding.get_sampling_schedule`.
        temperature: temperature of the model's own tokens with "scheduled" and "free": 0 feeds the
            most probable one, above 0 one drawn.
        discriminator: With "professor"; None: `Discriminator()`.
        coverage_weight: See `CoverageTerm`.
        entropy_weight: See `ReinforceTerm`.
        seed: seed of coins and drawn tokens, which are functions of it and the step. None: a random
            one, which `keras.utils.set_random_seed` sets.
        judged: The outputs that losses are compiled for; the labels are those of the first.
        pad_id: The token in `target` that does not count. Defaults to 0.

    Returns:
        A `keras.Model` with the inputs of the model and the judged outputs.

    Raises:
        InputError: an unknown way, a model without an encoder and a decoder, a schedule that is
            missing or has no use, or a number out of its range.

    Example:

    >>> import zoo
    >>> from zoo.decoding import get_sampling_schedule
    >>> model = zoo.build("n_to_m", source_vocabulary_size=9, target_vocabulary_size=7, units=8)
    >>> trained = forced(model, "scheduled", schedule=get_sampling_schedule("linear", num_steps=99))
    >>> trained.compile("adam", {"logits": keras.losses.SparseCategoricalCrossentropy(True)})
    >>> batch = {"source": np.ones([2, 4]), "source_length": np.array([4, 2]),
    ...          "target": np.ones([2, 3], "int32")}
    >>> history = trained.fit(batch, {"logits": np.ones([2, 3])}, verbose=0)
    >>> int(trained.training_step)
    1
    """
    return ForcedModel(
        model,
        how,
        schedule=schedule,
        temperature=temperature,
        discriminator=discriminator,
        coverage_weight=coverage_weight,
        entropy_weight=entropy_weight,
        seed=seed,
        judged=judged,
        pad_id=pad_id,
        name=model.name,
    )


@keras.saving.register_keras_serializable(package="zoo")
class ForcedModel(keras.Model):
    """What `forced` returns; see there for the arguments.

    Attributes:
        model: The model that is trained.
        draws: int32 [2], the seed and how many training steps were taken.
        discriminator: With "professor", else None.
    """

    def __init__(
        self,
        model: keras.Model,
        how: str = "teacher",
        *,
        schedule: SamplingSchedule | None = None,
        temperature: float = 0.0,
        discriminator: Discriminator | None = None,
        coverage_weight: float = 1.0,
        entropy_weight: float = 0.0,
        seed: int | None = None,
        judged: tuple[str, ...] = ("logits",),
        pad_id: int = 0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        _check(model, how, schedule, temperature, discriminator, judged)
        self.model, self.how, self.schedule = model, how, schedule
        self.temperature, self.seed = temperature, seed
        self.judged, self.pad_id = tuple(judged), pad_id
        self.coverage_weight, self.entropy_weight = coverage_weight, entropy_weight
        seed = random.randint(0, 2**30) if seed is None else int(seed)
        self.draws = self.add_weight(
            name="draws",
            shape=(2,),
            initializer=lambda shape, dtype: tf.constant([seed, 0], dtype),
            dtype="int32",
            trainable=False,
        )
        decoder = model.get_layer("decoder")
        attention = getattr(decoder, "attention", None)
        self.terms = attention_terms(attention, coverage_weight, entropy_weight)
        self.discriminator = None
        if how == "professor":
            self.discriminator = discriminator or Discriminator(name="discriminator")
            # A loaded one is built.
            if not self.discriminator.built:
                self.discriminator.build((None, None, decoder.stack.output_size))
        shown = [term.log_name for term in self.terms]
        shown += ["discriminator"] if how == "professor" else []
        shown += ["own_tokens"] if how == "scheduled" else []
        self.shown = {name: keras.metrics.Mean(name) for name in shown}
        self.built = True

    @property
    def training_step(self) -> tf.Tensor:
        """How many training steps were taken, an int32 scalar."""
        return tf.convert_to_tensor(self.draws.value)[1]

    def call(self, inputs, training=None):
        if not training:
            return self._only_judged(self.model(inputs, training=False))
        if self.how == "teacher":
            return self.model(inputs, training=True)
        return self._unrolled(inputs)

    def _unrolled(self, inputs):
        decoder = self.model.get_layer("decoder")
        state, memory = start_decoding(self.model, inputs, training=True)
        targets = tf.cast(inputs["target"], tf.int32)
        seed = tf.convert_to_tensor(self.draws.value)

        def step(tokens, state, memory):
            return decoder.step(tokens, state, memory, training=True)

        if self.how != "professor":
            logits, recorded = scheduled_sampling(
                step,
                state,
                memory,
                targets,
                self._probability(),
                seed,
                temperature=self.temperature,
                record=decoder.record,
            )
            return {"logits": logits, **recorded}

        def record(state):
            return {**decoder.record(state), "hidden": decoder.hidden(state)}

        logits, taught = teacher_forcing(step, state, memory, targets, record=record)
        _, free = free_running(
            step,
            state,
            memory,
            start_id=targets[:, 0],
            num_steps=tf.shape(targets)[1],
            seed=seed,
            temperature=1.0,
            record=record,
        )
        return {"logits": logits, **taught, "free_hidden": free["hidden"]}

    def _probability(self):
        if self.how == "free":
            return tf.constant(1.0)
        return self.schedule(self.training_step)

    def train_step(self, data):
        if self.how == "scheduled":
            self.shown["own_tokens"].update_state(self._probability())
        logs = super().train_step(data)
        self.draws.assign_add([0, 1])
        return logs

    def test_step(self, data):
        logs = super().test_step(data)
        return {name: value for name, value in logs.items() if name not in self.shown}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(
            x, y, self._only_judged(y_pred), sample_weight, training=training
        )
        if not training:
            return loss
        real = tf.cast(x["target"], tf.int32) != self.pad_id
        labels = y[self.judged[0]] if isinstance(y, dict) else y
        for term in self.terms:
            value = term(y_pred, labels, real)
            self.shown[term.log_name].update_state(value)
            loss += value
        if self.discriminator is not None:
            length = tf.reduce_sum(tf.cast(real, tf.int32), 1)
            added = self.discriminator.losses_of(y_pred["hidden"], y_pred["free_hidden"], length)
            self.shown["discriminator"].update_state(added.accuracy)
            loss += added.discriminator + added.generator
        return loss

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return super().compute_metrics(x, y, self._only_judged(y_pred), sample_weight)

    def _only_judged(self, outputs):
        return {name: outputs[name] for name in self.judged}

    def get_config(self):
        serialise = keras.saving.serialize_keras_object
        plain = ("how", "temperature", "coverage_weight", "entropy_weight", "seed", "pad_id")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in plain},
            "judged": list(self.judged),
            "model": serialise(self.model),
            "schedule": self.schedule and serialise(self.schedule),
            "discriminator": self.discriminator and serialise(self.discriminator),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        for name in ("model", "schedule", "discriminator"):
            if config[name] is not None:
                config[name] = keras.saving.deserialize_keras_object(config[name], custom_objects)
        return cls(**config)


def _check(model, how, schedule, temperature, discriminator, judged):
    check_choice("how", how, WAYS)
    layers = {layer.name for layer in model.layers}
    if "target_length" in model.input:
        raise InputError(
            f"model {model.name!r} was built with feedback=False: no token is fed, so there is "
            "none to force; compile and fit it as it is"
        )
    if not {"encoder", "decoder"} <= layers or "target" not in model.input:
        raise InputError(
            f"model {model.name!r} cannot be forced: it has no layers 'encoder' and 'decoder'; "
            "expected what attention_n_to_m, n_to_m or one_to_n builds"
        )
    for name in judged:
        if name not in model.output:
            raise InputError(f"judged names {name!r}; the model gives {', '.join(model.output)}")
    if (schedule is not None) != (how == "scheduled"):
        raise InputError(
            "how 'scheduled' needs a schedule, such as get_sampling_schedule('linear', "
            "num_steps=1000)"
            if how == "scheduled"
            else f"a schedule goes with how 'scheduled', not with {how!r}"
        )
    if discriminator is not None and how != "professor":
        raise InputError(f"a discriminator goes with how 'professor', not with {how!r}")
    if isinstance(temperature, bool) or not temperature >= 0:
        raise InputError(f"temperature is {temperature!r}; expected a number from 0 on")
