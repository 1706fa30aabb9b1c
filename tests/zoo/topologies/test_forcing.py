"""Ways of feeding a decoder in training, and what hard and coverage attention are trained with."""

import doctest
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
import zoo.topologies.forcing
from zoo.decoding import ConstantSampling, LinearSampling, get_sampling_schedule
from zoo.errors import InputError
from zoo.topologies.encoder_decoder import start_decoding
from zoo.topologies.forcing import WAYS, ForcedModel, forced
from zoo.topologies.professor import Discriminator
from zoo.training import RunFolder, fit, token_cross_entropy

V = 7
SMALL = {"source_vocabulary_size": 9, "target_vocabulary_size": V, "units": 4, "embedding_dim": 3}
RNG = np.random.default_rng(8)
BATCH = {
    "source": RNG.integers(4, 9, [6, 4]).astype("int32"),
    "source_length": np.array([4, 3, 2, 1, 4, 4], "int32"),
    "target": np.array(
        [[2, 4, 5, 6], [2, 6, 6, 0], [2, 5, 0, 0], [2, 0, 0, 0], [2, 5, 4, 4], [2, 4, 4, 5]],
        "int32",
    ),
}
REAL = BATCH["target"] != 0
LABELS = np.array(
    [[4, 5, 6, 3], [6, 6, 3, 0], [5, 3, 0, 0], [3, 0, 0, 0], [5, 4, 4, 3], [4, 4, 5, 3]], "int32"
)


def build(name="attention_n_to_m", spread=1.0, **settings):
    keras.utils.set_random_seed(5)
    model = zoo.build(name, **{**SMALL, **settings})
    random = np.random.default_rng(5)
    for weight in model.trainable_variables:
        weight.assign(spread * random.normal(size=weight.shape))
    return model


def compiled(model, how="teacher", **settings):
    trained = forced(model, how, **settings)
    optimizer = keras.optimizers.Adam(0.01)
    trained.compile(optimizer, {"logits": token_cross_entropy()}, jit_compile=False)
    return trained


def fed_by(model, choose):
    """The logits of the steps [B, M, V] where `choose(index, logits before)` says what is fed."""
    state, memory = start_decoding(model, BATCH)
    tokens, all_logits = BATCH["target"][:, 0], []
    for index in range(1, 5):
        logits, state = model.get_layer("decoder").step(tokens, state, memory)
        all_logits.append(np.asarray(logits))
        tokens = choose(index, all_logits[-1])
    return np.stack(all_logits, 1)


def by_truth(index, logits):
    return BATCH["target"][:, min(index, 3)]


def by_itself(index, logits):
    return logits.argmax(-1).astype("int32")


# Scheduled sampling --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["attention_n_to_m", "n_to_m"])
def test_probability_none_is_teacher_forcing_and_one_is_free_running(name):
    model = build(name)
    truth, own = fed_by(model, by_truth), fed_by(model, by_itself)
    assert np.abs(truth - own).max() > 0.1
    for how, most, wanted in (
        ("teacher", None, truth),
        ("scheduled", 0.0, truth),
        ("scheduled", 1.0, own),
        ("free", None, own),
    ):
        schedule = None if most is None else ConstantSampling(most)
        trained = forced(model, how, schedule=schedule)
        logits = trained(BATCH, training=True)["logits"]
        np.testing.assert_allclose(logits, wanted, atol=1e-5, err_msg=f"{how} {most}")
        np.testing.assert_allclose(trained(BATCH)["logits"], truth, atol=1e-5)


def test_each_row_and_step_has_a_coin_that_the_training_step_turns():
    model = build()
    trained = forced(model, "scheduled", schedule=ConstantSampling(0.4), seed=3)
    own = fed_by(model, lambda i, z: by_itself(i, z) if i == 1 else by_truth(i, z))[:, 1]
    fed = [fed_by(model, by_truth)[:, 1], own]
    share, draws = [], []
    for step in range(16):
        trained.draws.assign([3, step])
        logits = np.asarray(trained(BATCH, training=True)["logits"])
        # The second step's logits say what was fed there: one of the two, in every row.
        near = [np.abs(logits[:, 1] - wanted).max(-1) < 1e-4 for wanted in fed]
        assert np.all(near[0] | near[1])
        differ = np.abs(fed[0] - fed[1]).max(-1) > 1e-3
        share.extend(near[1][differ])
        draws.append(tuple(near[1]))
    assert len(set(draws)) > 5
    assert 0.25 < np.mean(share) < 0.55  # 0.4 with a standard error of 0.05 or so
    again = [np.asarray(trained(BATCH, training=True)["logits"]) for _ in range(2)]
    np.testing.assert_array_equal(*again)


@pytest.mark.slow
def test_the_schedule_follows_the_training_step_through_fit():
    schedule = LinearSampling(num_steps=4, most=0.8)
    trained = compiled(build(), "scheduled", schedule=schedule)
    stream = tf.data.Dataset.from_tensors((BATCH, {"logits": LABELS})).repeat()
    history = trained.fit(
        stream, steps_per_epoch=2, epochs=3, verbose=0, validation_data=stream, validation_steps=1
    ).history
    np.testing.assert_allclose(history["own_tokens"], [0.1, 0.5, 0.8], rtol=1e-6)
    assert "val_loss" in history and "val_own_tokens" not in history
    assert int(trained.training_step) == 6


# Coverage ------------------------------------------------------------------------------------


def test_coverage_is_trained_with_its_loss():
    model = build(attention="coverage")
    trained = compiled(model, coverage_weight=0.7)
    outputs = trained(BATCH, training=True)
    loss = trained.compute_loss(BATCH, {"logits": LABELS}, outputs, training=True)
    logits, weights = (np.asarray(outputs[name], "float64") for name in ("logits", "alignment"))
    nats = np.log(np.exp(logits).sum(-1)) - np.take_along_axis(logits, LABELS[..., None], 2)[..., 0]
    terms = []
    for b, i in zip(*np.nonzero(REAL), strict=True):
        terms.append(np.minimum(weights[b, i], weights[b, :i].sum(0)).sum())
    assert float(loss) == pytest.approx(nats[REAL].mean() + 0.7 * np.mean(terms), rel=1e-5)
    plain = trained.compute_loss(BATCH, {"logits": LABELS}, outputs, training=False)
    assert float(plain) == pytest.approx(nats[REAL].mean(), rel=1e-5)


# Hard attention ------------------------------------------------------------------------------

TINY = {
    "source": np.array([[4, 5, 6]], "int32"),
    "source_length": np.array([3], "int32"),
    "target": np.array([[2, 4, 0]], "int32"),
}
TINY_LABELS = np.array([[4, 3, 0]], "int32")


def exact_gradients(model, attention):
    """Of the expected cross entropy, by listing the choices of the two real steps."""
    variables = [weight.value for weight in model.trainable_variables]
    choices = list(itertools.product(range(3), repeat=2))
    batch = {name: np.repeat(value, len(choices), 0) for name, value in TINY.items()}
    path = iter(np.array([*np.transpose(choices), [0] * len(choices)]))
    drawn = attention._choose
    attention._choose = lambda logs, mask, training: tf.one_hot(next(path), 3)[:, None]
    try:
        with tf.GradientTape() as tape:
            outputs = model(batch, training=True)
            labels = np.repeat(TINY_LABELS, len(choices), 0)
            nats = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, outputs["logits"])
            losses = tf.reduce_sum(nats[:, :2], 1) / 2
            probabilities = tf.exp(outputs["choice_log_probability"][:, 1])
            expected = tf.reduce_sum(probabilities * losses)
        assert float(tf.reduce_sum(probabilities)) == pytest.approx(1)
        return [tf.convert_to_tensor(g).numpy() for g in tape.gradient(expected, variables)]
    finally:
        attention._choose = drawn


@pytest.mark.slow
@pytest.mark.parametrize("query", ["current", "previous"])
def test_hard_attention_has_the_gradient_of_the_expected_loss(query):
    """Within 5 standard errors in each entry of every weight; padding's choices add nothing."""
    model = build(attention="hard", cell="simple_rnn", query=query, spread=0.8)
    attention = model.get_layer("decoder").attention
    exact = exact_gradients(model, attention)
    rows, rounds = 1000, 24
    batch = {name: np.repeat(value, rows, 0) for name, value in TINY.items()}
    labels = {"logits": np.repeat(TINY_LABELS, rows, 0)}
    trained = compiled(model)
    estimates = []
    for _ in range(rounds):
        with tf.GradientTape() as tape:
            loss = trained.compute_loss(batch, labels, trained(batch, training=True))
        gradients = tape.gradient(loss, [w.value for w in model.trainable_variables])
        estimates.append([tf.convert_to_tensor(g).numpy() for g in gradients])
    pathwise_misses = 0
    for index, wanted in enumerate(exact):
        found = np.array([estimate[index] for estimate in estimates])
        error = np.std(found, axis=0, ddof=1) / np.sqrt(rounds)
        name = model.trainable_variables[index].path
        assert np.all(np.abs(found.mean(0) - wanted) <= 5 * error + 1e-6), name
        pathwise_misses += "scorer" in name and np.abs(wanted).max() > 3 * error.max()
    assert pathwise_misses >= 2  # the scores' own gradients are there, and told from none
    # The baseline has come to the log-likelihood of a token.
    nats = float(token_cross_entropy()(labels["logits"], trained(batch, training=True)["logits"]))
    (term,) = trained.terms
    assert float(term.baseline) == pytest.approx(-nats * (1 - 0.9**rounds), rel=0.05)


def test_hard_attention_takes_the_best_at_inference():
    model = build(attention="hard")
    weights = np.asarray(forced(model).model(BATCH)["alignment"])
    assert set(np.unique(weights)) == {0.0, 1.0}
    np.testing.assert_array_equal(weights, model(BATCH)["alignment"])
    drawn = [np.asarray(model(BATCH, training=True)["alignment"]) for _ in range(4)]
    assert any(np.any(one != drawn[0]) for one in drawn)


# Professor forcing ---------------------------------------------------------------------------


@pytest.mark.slow
def test_discriminator_and_decoder_learn_against_each_other():
    keras.utils.set_random_seed(0)
    judge = Discriminator(units=3, until=1.0, above=0.0, weight=0.5)
    taught, free = (tf.constant(RNG.normal(size=[6, 4, 2]), tf.float32) for _ in range(2))
    length = REAL.sum(1).astype("int32")
    judge(taught, length)
    weights = [w.value for w in judge.trainable_variables]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([taught, free])
        losses = judge.losses_of(taught, free, length)
    logits = np.concatenate([judge(taught, length), judge(free, length)])
    told = np.concatenate([np.log1p(np.exp(-logits[:6])), np.log1p(np.exp(logits[6:]))])
    assert float(losses.discriminator) == pytest.approx(told.mean(), rel=1e-5)
    fooled = np.log1p(np.exp(-logits[6:])).mean()
    assert float(losses.generator) == pytest.approx(0.5 * fooled, rel=1e-5)
    right = np.concatenate([logits[:6] > 0, logits[6:] <= 0])
    assert float(losses.accuracy) == pytest.approx(right.mean())
    assert tape.gradient(losses.generator, taught) is None
    assert np.any(tape.gradient(losses.generator, free))
    assert tape.gradient(losses.discriminator, [taught, free]) == [None, None]
    assert all(g is not None for g in tape.gradient(losses.discriminator, weights))
    for gradient in tape.gradient(losses.generator, weights):
        assert gradient is None or not np.any(gradient)


@pytest.mark.parametrize(("until", "above", "learns", "teaches"), [(0, 1, 0, 0), (1, 0, 1, 1)])
def test_a_sure_discriminator_rests_and_an_unsure_one_does_not_teach(until, above, learns, teaches):
    keras.utils.set_random_seed(0)
    judge = Discriminator(units=3, until=until, above=above)
    taught, free = (tf.constant(RNG.normal(size=[8, 4, 2]), tf.float32) for _ in range(2))
    losses = judge.losses_of(taught, free, tf.fill([8], 4))
    assert 0 < float(losses.accuracy) < 1
    assert bool(losses.discriminator > 0) == learns and bool(losses.generator > 0) == teaches


@pytest.mark.parametrize("weight", [0.0, pytest.param(1.0, marks=pytest.mark.slow)])
def test_professor_forcing_adds_to_the_gradient_of_teacher_forcing(weight):
    model = build("n_to_m", cell="gru")
    judge = Discriminator(units=3, until=1.0, above=0.0, weight=weight)
    gradients = []
    for how, extra in (("teacher", {}), ("professor", {"discriminator": judge})):
        trained = compiled(model, how, **extra)
        with tf.GradientTape() as tape:
            outputs = trained(BATCH, training=True)
            loss = trained.compute_loss(BATCH, {"logits": LABELS}, outputs)
        values = [w.value for w in model.trainable_variables]
        gradients.append([np.asarray(tf.convert_to_tensor(g)) for g in tape.gradient(loss, values)])
    same = [np.allclose(a, b, atol=1e-5) for a, b in zip(*gradients, strict=True)]
    assert all(same) if weight == 0 else not any(same[:-2])  # the head is not judged


# Fitting and resuming ------------------------------------------------------------------------


SETTINGS = {
    "scheduled": {"schedule": get_sampling_schedule("inverse_sigmoid", slowness=2.0)},
    "free": {"temperature": 1.0},
}
CASES = [
    ("teacher", "coverage"),
    ("teacher", "hard"),
    ("scheduled", "additive"),
    ("free", "hard"),
    ("professor", "additive"),
    ("professor", "coverage"),
]


def started(how, attention, name="attention_n_to_m"):
    more = {} if name == "n_to_m" else {"attention": attention}
    model, settings = build(name, spread=0.3, dropout=0.2, **more), dict(SETTINGS.get(how, {}))
    if how == "professor":
        # Made after the seed is set, which its first weights come from.
        settings["discriminator"] = Discriminator(units=3)
    return compiled(model, how, **settings)


def run(folder, how, attention, steps, resume=False):
    trained = started(how, attention)
    stream = tf.data.Dataset.from_tensors((BATCH, {"logits": LABELS})).repeat()
    rows = fit(
        trained,
        lambda step: stream,
        RunFolder(folder),
        total_steps=steps,
        steps_per_epoch=2,
        validation=stream.take(1),
        resume=resume,
    )
    return [np.asarray(variable) for variable in trained.variables], rows


@pytest.mark.slow
@pytest.mark.parametrize(("how", "attention"), CASES)
def test_a_resumed_run_is_the_uninterrupted_one(how, attention, tmp_path):
    for name in ("whole", "cut"):
        RunFolder(tmp_path / name).create({})
    whole, rows = run(tmp_path / "whole", how, attention, 6)
    run(tmp_path / "cut", how, attention, 4)
    cut, _ = run(tmp_path / "cut", how, attention, 6, resume=True)
    for one, other in zip(whole, cut, strict=True):
        np.testing.assert_array_equal(one, other)
    assert all(np.isfinite(value) for row in rows for value in row.values())
    assert rows[-1]["val_loss"] < rows[0]["val_loss"]


@pytest.mark.slow
@pytest.mark.parametrize("how", WAYS)
def test_saved_loaded_and_compiled(how, tmp_path):
    trained = started(how, "hard" if how == "teacher" else "coverage")
    trained.fit(BATCH, {"logits": LABELS}, batch_size=6, verbose=0)
    trained.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras", compile=False)
    assert isinstance(loaded, ForcedModel) and int(loaded.training_step) == 1
    for one, other in zip(trained.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(trained(BATCH)["logits"], loaded(BATCH)["logits"], atol=1e-6)
    optimizer = keras.optimizers.SGD(0.0)
    compiled_again = forced(trained.model, how, **SETTINGS.get(how, {}))
    compiled_again.compile(optimizer, {"logits": token_cross_entropy()}, jit_compile=True)
    history = compiled_again.fit(BATCH, {"logits": LABELS}, batch_size=6, verbose=0).history
    assert np.isfinite(history["loss"][0])


@pytest.mark.slow
@pytest.mark.parametrize("how", WAYS)
def test_a_decoder_of_one_context_is_forced_too(how):
    trained = started(how, None, "n_to_m")
    losses = trained.fit(
        tf.data.Dataset.from_tensors((BATCH, {"logits": LABELS})).repeat(),
        steps_per_epoch=20,
        epochs=3,
        verbose=0,
    ).history["loss"]
    assert losses[-1] < losses[0]


def pairs(count, random):
    """Words of the letters 4 to 8 and the same letters as their spelling, in the target's ids."""
    lengths = random.integers(1, 5, count)
    source = random.integers(4, 9, [count, 4]).astype("int32")
    source[np.arange(4) >= lengths[:, None]] = 0
    stop = np.arange(5) == lengths[:, None]
    labels = np.where(stop, 3, np.pad(source, [(0, 0), (0, 1)]))
    target = np.pad(labels, [(0, 0), (1, 0)], constant_values=2)[:, :5]
    target[np.arange(5) > lengths[:, None]] = 0
    given = {"source": source, "source_length": lengths.astype("int32"), "target": target}
    return given, labels.astype("int32")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "attention"),
    [("teacher", "hard"), ("teacher", "coverage"), ("scheduled", "additive"), ("free", "dot"),
     ("professor", "additive")],
)  # fmt: skip
def test_words_are_spelt_after_training(how, attention):
    from zoo.decoding import greedy_search

    keras.utils.set_random_seed(3)
    random = np.random.default_rng(3)
    sizes = {"source_vocabulary_size": 9, "target_vocabulary_size": 9, "units": 32}
    model = zoo.build(
        "attention_n_to_m", **sizes, embedding_dim=16, attention=attention, bidirectional=False
    )
    settings = {"schedule": LinearSampling(300)} if how == "scheduled" else {}
    trained = forced(model, how, entropy_weight=0.01, **settings)
    trained.compile(
        keras.optimizers.Adam(0.01), {"logits": token_cross_entropy()}, jit_compile=False
    )
    given, labels = pairs(32000, random)
    trained.fit(given, {"logits": labels}, batch_size=64, epochs=1, verbose=0, shuffle=False)
    given, labels = pairs(300, random)
    found = greedy_search(
        model.get_layer("decoder").step,
        *start_decoding(model, given),
        start_id=2,
        stop_id=3,
        max_length=5,
    )
    said = np.pad(found.tokens, [(0, 0), (0, 5 - found.tokens.shape[1])])
    right = np.all(said == np.where(labels == 3, 0, labels), axis=1)
    assert np.mean(right) > 0.9, np.mean(right)


# What cannot be used -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "settings", "message"),
    [
        ("teecher", {}, "how is 'teecher'; expected one of teacher, scheduled, free, professor"),
        ("scheduled", {}, "needs a schedule, such as get_sampling_schedule"),
        ("free", {"schedule": ConstantSampling(0.5)}, "goes with how 'scheduled', not with 'free'"),
        ("teacher", {"discriminator": Discriminator()}, "goes with how 'professor'"),
        ("free", {"temperature": -1}, "temperature is -1; expected a number from 0 on"),
        ("teacher", {"judged": ("logit",)}, "'logit'; the model gives alignment, logits|logits, a"),
        ("teacher", {"coverage_weight": -1.0}, "coverage_weight is -1.0"),
    ],
)
def test_bad_settings_are_refused(how, settings, message):
    attention = "coverage" if "coverage_weight" in settings else "additive"
    with pytest.raises(InputError, match=message):
        forced(build(attention=attention), how, **settings)


def test_what_is_no_encoder_decoder_is_refused():
    tagger = zoo.build("n_to_n", num_classes=3, vocabulary_size=9, units=4)
    with pytest.raises(InputError, match="expected what attention_n_to_m, n_to_m or one_to_n"):
        forced(tagger)
    with pytest.raises(InputError, match=r"most is 1\.5; a probability lies from 0 to 1"):
        get_sampling_schedule("constant", most=1.5)
    with pytest.raises(InputError, match="until is 2; expected a share"):
        Discriminator(until=2)


@pytest.mark.slow
def test_example():
    assert not doctest.testmod(zoo.topologies.forcing, extraglobs={"np": np}).failed
