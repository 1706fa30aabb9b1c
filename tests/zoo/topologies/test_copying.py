"""Copying against See et al.'s sum in NumPy, and through every way of using the decoder."""

import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
import zoo.topologies.copying
from zoo.decoding import beam_search, free_running, greedy_search, teacher_forcing
from zoo.errors import InputError
from zoo.topologies.copying import CopyOutput, copies_of
from zoo.topologies.encoder_decoder import start_decoding
from zoo.training.copying import extended_cross_entropy

V, N, M = 7, 5, 4
RNG = np.random.default_rng(4)
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 0, 0, 0, 0]], bool)
# Row 0: token 4 twice, an unknown word at 1 and 3, another at 4. Row 1: two unknown, one known.
IDS = np.array([[4, V + 1, 4, V + 1, V + 4], [V, 5, V + 2, 6, V], [5, V, 5, 6, 4]], "int32")
SMALL = {
    "source_vocabulary_size": 9,
    "target_vocabulary_size": V,
    "units": 4,
    "embedding_dim": 3,
    "copying": True,
}
BATCH = {
    "source": RNG.integers(1, 9, [3, N]).astype("int32"),
    "source_length": np.array([5, 3, 0], "int32"),
    "copy_ids": IDS,
    # What is fed may be copied words too.
    "target": np.array([[2, 4, V + 1, 5], [2, V, V + 2, 4], [2, 5, 5, 5]], "int32"),
}


def by_hand(logits, weights, gate, ids, mask):
    """P over V + N ids of one step of one row, in float64: the sum of the paper, term by term."""
    p = np.zeros(V + N)
    p[:V] = np.exp(logits - logits.max())
    p[:V] /= p[:V].sum()
    if not mask.any():
        return p
    share, rest = 1 / (1 + np.exp(-gate)), 1 / (1 + np.exp(gate))
    p *= share
    for word, weight, real in zip(ids, weights / weights.sum(), mask, strict=True):
        if real:
            p[word] += rest * weight
    return p


def inputs(scale=1.0):
    logits = scale * RNG.normal(size=[3, M, V])
    weights = RNG.dirichlet(np.ones(N), [3, M]) * MASK[:, None]
    features = scale * RNG.normal(size=[3, M, 2])
    return logits.astype("float32"), weights.astype("float32"), features.astype("float32")


def build(**settings):
    keras.utils.set_random_seed(2)
    model = zoo.build("attention_n_to_m", **{**SMALL, **settings})
    for weight in model.trainable_variables:
        weight.assign(0.7 * RNG.normal(size=weight.shape))
    return model


@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_probabilities_are_the_papers_sum(scale):
    logits, weights, features = inputs(scale)
    layer = CopyOutput(V)
    found = np.asarray(layer(logits, weights, features, copies_of(IDS, MASK, V)))
    kernel, bias = (np.asarray(w, "float64") for w in layer.gate.weights)
    for b in range(3):
        for i in range(M):
            gate = (features[b, i] @ kernel + bias).item()
            p = by_hand(logits[b, i].astype("float64"), weights[b, i], gate, IDS[b], MASK[b])
            np.testing.assert_allclose(np.exp(found[b, i]), p, rtol=2e-4, atol=1e-9)
            sure = p > 1e-25
            np.testing.assert_allclose(found[b, i][sure], np.log(p[sure]), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.exp(found).sum(-1), 1, atol=1e-5)


def test_padding_and_known_words_have_no_id_of_their_own():
    found = np.asarray(CopyOutput(V)(*inputs(), copies_of(IDS, MASK, V)))[:, :, V:]
    exists = np.isfinite(found).all(1)
    assert exists.tolist() == [
        [False, True, False, False, True],
        [True, False, True, False, False],
        [False] * 5,
    ]
    assert np.all(found[~np.isfinite(found)] == -np.inf)


@pytest.mark.parametrize("gate", [-200.0, 0.0, 200.0])
def test_extremes_stay_finite_with_their_gradients(gate):
    """The gate shut or wide open, hopeless logits, and weights that are zero or all."""
    layer = CopyOutput(V)
    layer.build((None, None, V), (None, None, N), (None, None, 2))
    layer.gate.bias.assign([gate])
    logits = tf.constant(np.where(np.arange(V) == 4, -300.0, 0.0)[None, None], "float32")
    weights = tf.constant([[[0.0, 1.0, 0.0, 0.0, 0.0]]])
    copies = copies_of(IDS[:1], MASK[:1], V)
    for label in (4, 5, V + 1, V + 4):
        with tf.GradientTape() as tape:
            tape.watch([logits, weights])
            out = layer(logits, weights, tf.zeros([1, 1, 2]), copies)
            loss = extended_cross_entropy(V, 0.1)([[label]], out)
        assert np.isfinite(loss)
        for gradient in tape.gradient(loss, [logits, weights, layer.gate.bias.value]):
            assert np.all(np.isfinite(gradient))


def test_gradients_are_those_of_the_sum_by_differences():
    layer = CopyOutput(V)
    logits, weights, features = inputs()
    copies, labels = copies_of(IDS, MASK, V), np.array([[4, V + 1, 5, V + 4]] * 3)
    labels[1], labels[2] = [V, 5, 6, 1], [1, 2, 3, 4]

    def loss_of(parts):
        return extended_cross_entropy(V)(labels, layer(*parts, copies))

    parts = [tf.constant(part) for part in (logits, weights, features)]
    with tf.GradientTape() as tape:
        tape.watch(parts)
        loss = loss_of(parts)
    for index, gradient in enumerate(tape.gradient(loss, parts)):
        move = RNG.normal(size=parts[index].shape).astype("float32")
        move *= MASK[:, None] if index == 1 else 1
        ends = []
        for sign in (1, -1):
            moved = list(parts)
            moved[index] = parts[index] + sign * 1e-3 * move
            ends.append(float(loss_of(moved)))
        np.testing.assert_allclose(
            np.sum(gradient * move), (ends[0] - ends[1]) / 2e-3, rtol=0.03, atol=1e-3
        )


WIRINGS = [
    {},
    {"query": "previous_output", "tie_embeddings": True},
    pytest.param(
        {"query": "previous", "input_feeding": True, "attention": "coverage", "cell": "basic_lstm"},
        marks=pytest.mark.slow,
    ),
    pytest.param({"attention": "local_predictive", "cell": "gru"}, marks=pytest.mark.slow),
]


@pytest.mark.parametrize("wiring", WIRINGS)
def test_scoring_a_target_is_the_step_unrolled_and_sums_to_one(wiring):
    model = build(**wiring)
    out = {name: np.asarray(value) for name, value in model(BATCH).items()}
    assert out["logits"].shape == (3, M, V + N)
    np.testing.assert_allclose(np.exp(out["logits"]).sum(-1), 1, atol=1e-5)
    state, memory = start_decoding(model, BATCH)
    decoder = model.get_layer("decoder")
    logits, weights = teacher_forcing(
        decoder.step, state, memory, BATCH["target"], record=lambda s: s.alignment
    )
    np.testing.assert_allclose(np.exp(logits), np.exp(out["logits"]), atol=1e-5)
    np.testing.assert_allclose(weights, out["alignment"], atol=1e-5)


def test_more_padding_changes_nothing():
    model = build()
    more = {
        name: np.pad(BATCH[name], [(0, 0), (0, 2)], constant_values=5)
        for name in ("source", "copy_ids")
    }
    out, padded = model(BATCH)["logits"], model({**BATCH, **more})["logits"]
    np.testing.assert_allclose(np.exp(out), np.exp(padded)[:, :, : V + N], atol=1e-6)
    assert np.all(padded.numpy()[:, :, V + N :] == -np.inf)


def test_a_copied_unknown_word_is_fed_as_unknown():
    model = build()
    unknown = {**BATCH, "target": np.where(BATCH["target"] >= V, 1, BATCH["target"])}
    np.testing.assert_array_equal(model(BATCH)["logits"], model(unknown)["logits"])


def test_greedy_beam_and_free_running_use_the_same_step():
    """A beam of everything finds what listing all sequences finds; ids beyond V among them."""
    model = build()
    one = {name: value[:1] for name, value in BATCH.items()}
    state, memory = start_decoding(model, one)
    step = model.get_layer("decoder").step
    search = {"start_id": 2, "stop_id": 3, "max_length": 2}
    size, scores = V + N, {}
    pairs = [(a, b) for a in range(size) for b in range(size) if a != 3]
    many = {name: np.repeat(value, len(pairs), 0) for name, value in one.items()}
    logs = np.asarray(model({**many, "target": np.array([[2, a] for a, _ in pairs])})["logits"])
    for row, (a, b) in zip(logs, pairs, strict=True):
        scores[(a,) if b == 3 else (a, b)] = row[0, a] + row[1, b]
    scores[()] = logs[0, 0, 3]
    best = sorted(scores, key=scores.get, reverse=True)[:4]
    assert any(token >= V for tokens in best for token in tokens)
    found = beam_search(step, state, memory, beam_width=size, num_results=4, **search)
    for place, tokens in enumerate(best):
        length = int(found.lengths[0, place])
        assert tuple(found.tokens[0, place, :length].numpy()) == tokens
        np.testing.assert_allclose(found.scores[0, place], scores[tokens], rtol=1e-4)
    greedy = greedy_search(step, state, memory, **search)
    first = int(np.argmax(logs[0, 0]))
    assert greedy.tokens[0, 0] == (0 if first == 3 else first)
    logits, _ = free_running(step, state, memory, start_id=2, num_steps=2)
    np.testing.assert_allclose(np.exp(logits[0, 0]), np.exp(logs[0, 0]), atol=1e-6)


def test_the_loss_is_cross_entropy_with_smoothing_over_the_vocabulary():
    out = build()(BATCH)["logits"]
    labels = np.array([[4, V + 4, 3, 0], [V, 3, 0, 0], [0, 0, 0, 0]])
    p, nats = np.exp(np.asarray(out, "float64")), []
    for b, i in zip(*np.nonzero(labels), strict=True):
        smooth = -np.mean(np.log(p[b, i, :V]))
        nats.append(0.9 * -np.log(p[b, i, labels[b, i]]) + 0.1 * smooth)
    loss = float(extended_cross_entropy(V, label_smoothing=0.1)(labels, out))
    assert loss == pytest.approx(np.mean(nats), rel=1e-4)
    assert float(extended_cross_entropy(V)(0 * labels, out)) == 0


@pytest.mark.slow
def test_saved_and_loaded_and_in_a_graph(tmp_path):
    model = build(tie_embeddings=True)
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    wanted = model(BATCH)["logits"]
    np.testing.assert_allclose(wanted, loaded(BATCH)["logits"], atol=1e-6)
    specs = {name: tf.TensorSpec([None] * value.ndim, value.dtype) for name, value in BATCH.items()}
    graph = tf.function(lambda batch: model(batch)["logits"], input_signature=[specs])
    np.testing.assert_allclose(wanted, graph(BATCH), atol=1e-5)


@pytest.mark.slow
def test_xla_and_mixed_precision_give_nearly_the_same():
    model = build()
    wanted = np.exp(model(BATCH)["logits"])
    compiled = tf.function(lambda batch: model(batch)["logits"], jit_compile=True)
    np.testing.assert_allclose(np.exp(compiled(BATCH)), wanted, atol=1e-5)
    weights = model.get_weights()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = zoo.build("attention_n_to_m", **SMALL)
        mixed.set_weights(weights)
        found = mixed(BATCH)["logits"]
    finally:
        keras.config.set_dtype_policy("float32")
    assert found.dtype == tf.float32
    np.testing.assert_allclose(np.exp(found).sum(-1), 1, atol=1e-4)
    np.testing.assert_allclose(np.exp(found), wanted, atol=0.1)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("attention_n_to_m", {"attention": "hard"}, "attention 'hard' has none: take one of addit"),
        ("n_to_m", {}, "unknown setting of model 'n_to_m' 'copying'"),
    ],
)
def test_what_cannot_copy_says_so(name, settings, message):
    with pytest.raises(InputError, match=message):
        zoo.build(name, **{**SMALL, **settings})


def test_copy_ids_go_with_copying_alone():
    decoder = build().get_layer("decoder")
    with pytest.raises(InputError, match="copying needs copy_ids"):
        decoder.prepare(np.zeros([1, 2, 8], "float32"))
    plain = zoo.build("attention_n_to_m", **{**SMALL, "copying": False}).get_layer("decoder")
    with pytest.raises(InputError, match="go with copying=True"):
        plain.prepare(np.zeros([1, 2, 8], "float32"), None, IDS[:1, :2])


def test_examples():
    assert not doctest.testmod(zoo.topologies.copying).failed


def spell(words, count, random):
    """Rows that say: repeat the letter that stands after the sign '!'."""
    source = random.integers(4, words, [count, 6])
    place = random.integers(0, 5, count)
    source[np.arange(count), place] = 3
    return source.astype("int32"), source[np.arange(count), place + 1].astype("int32")


@pytest.mark.slow
def test_words_never_seen_in_training_are_copied():
    """The target vocabulary has no word at all: whatever is right is a copy, of a new word too."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    model = zoo.build(
        "attention_n_to_m",
        source_vocabulary_size=10,
        target_vocabulary_size=4,
        units=24,
        embedding_dim=16,
        copying=True,
    )

    def batch(count):
        # Words from 10 on are unknown to the source vocabulary: all of them are read as id 1.
        source, answer = spell(40, count, random)
        same = source[:, :, None] == source[:, None]
        copy_ids = 4 + np.argmax(same, 2)
        label = 4 + np.argmax(source == answer[:, None], 1)
        given = {
            "source": np.where(source < 10, source, 1).astype("int32"),
            "source_length": np.full(count, 6, "int32"),
            "copy_ids": np.where(source == 3, 3, copy_ids).astype("int32"),
            "target": np.full([count, 1], 2, "int32"),
        }
        return given, label[:, None].astype("int32"), source, answer

    trained = keras.Model(model.input, {"logits": model.output["logits"]})
    trained.compile(keras.optimizers.Adam(0.01), {"logits": extended_cross_entropy(4)})
    for _ in range(300):
        given, label, *_ = batch(64)
        trained.train_on_batch(given, {"logits": label})
    given, label, source, answer = batch(500)
    found = greedy_search(
        model.get_layer("decoder").step,
        *start_decoding(model, given),
        start_id=2,
        stop_id=None,
        max_length=1,
    ).tokens.numpy()[:, 0]
    assert np.all(found >= 4)
    said = source[np.arange(500), found - 4]
    assert np.mean(said == answer) > 0.95
