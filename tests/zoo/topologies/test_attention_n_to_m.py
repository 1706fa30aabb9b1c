"""attention_n_to_m: what every wiring of it must keep."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.decoding import beam_search
from zoo.decoding.beam_step import beam_step
from zoo.decoding.unroll import teacher_forcing
from zoo.errors import InputError

SMALL = {
    "source_vocabulary_size": 9,
    "target_vocabulary_size": 7,
    "units": 6,
    "embedding_dim": 5,
}
WIRINGS = [
    {},
    {"cell": "gru", "bridge": "zero", "attention": "general"},
    {"query": "previous", "decoder_layers": 2, "encoder_layers": 2},
    {"input_feeding": True, "attention": "scaled_dot", "bidirectional": False},
    {"bidirectional": False, "bridge": "copy", "attention": "concat"},
    {"cell": "basic_lstm", "attention": "monotonic"},
    {"query": "previous_output", "attention": "normalised_additive", "output_head": "token"},
    {"query": "previous", "cell": "tf_gru", "output_head": "maxout"},
    pytest.param(
        {"query": "previous_output", "attention": "coverage", "cell": "basic_lstm"},
        marks=pytest.mark.slow,
    ),
]


def batch():
    random = np.random.default_rng(0)
    source = random.integers(4, 9, [4, 5]).astype("int32")
    lengths = np.array([5, 3, 1, 0], "int32")
    source[np.arange(5) >= lengths[:, None]] = 0
    target = random.integers(4, 7, [4, 6]).astype("int32")
    return {"source": source, "source_length": lengths, "target": target}


@pytest.fixture(params=WIRINGS, ids=lambda w: "-".join(map(str, w.values())) or "default")
def model(request):
    keras.utils.set_random_seed(1)
    return zoo.build("attention_n_to_m", **SMALL, **request.param)


def test_shapes_and_weights_on_real_positions_alone(model):
    out = model(batch())
    assert out["logits"].shape == (4, 6, 7)
    weights = np.asarray(out["alignment"])
    assert weights.shape == (4, 6, 5)
    assert np.all(weights[1, :, 3:] == 0)
    assert np.all(weights[3] == 0)
    assert np.all(np.isfinite(out["logits"]))


def test_more_padding_and_other_rows_change_nothing(model):
    given = batch()
    out = model(given)
    more = model(given | {"source": np.pad(given["source"], [(0, 0), (0, 3)])})
    np.testing.assert_allclose(out["logits"], more["logits"], atol=1e-5)
    alone = model({name: value[1:2] for name, value in given.items()})
    np.testing.assert_allclose(out["logits"][1:2], alone["logits"], atol=1e-5)


def test_scoring_a_target_is_the_step_unrolled(model):
    given = batch()
    decoder = model.get_layer("decoder")
    encoded = model.get_layer("encoder")({k: given[k] for k in ("source", "source_length")})
    memory = decoder.prepare(encoded["memory"], encoded["mask"])
    state = decoder.get_initial_state(encoded["cells"], memory)
    logits, weights = teacher_forcing(
        decoder.step, state, memory, given["target"], record=lambda s: s.alignment
    )
    out = model(given)
    np.testing.assert_allclose(out["logits"], logits, atol=1e-5)
    np.testing.assert_allclose(out["alignment"], weights, atol=1e-5)


def test_the_previous_output_alone_asks():
    """a_ij = softmax_j v tanh(W E y_{i-1} + U h_j): in NumPy, from the tokens and the memory."""
    model = zoo.build("attention_n_to_m", **SMALL, query="previous_output")
    decoder, given = model.get_layer("decoder"), batch()
    encoded = model.get_layer("encoder")({k: given[k] for k in ("source", "source_length")})
    embedded = np.asarray(decoder.embedding.embeddings)[given["target"]]
    attention = decoder.attention
    query = embedded @ np.asarray(attention.query_layer.kernel)
    keys = np.asarray(encoded["memory"]) @ np.asarray(attention.key_layer.kernel)
    scores = np.tanh(query[:, :, None] + keys[:, None]) @ np.asarray(attention.scoring_vector)
    weights = np.exp(scores) * np.asarray(encoded["mask"])[:, None]
    total = weights.sum(-1, keepdims=True)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    np.testing.assert_allclose(model(given)["alignment"], weights, atol=1e-5)
    # The context enters the recurrence: what is attended to changes the states, not the head alone.
    state = decoder.get_initial_state(encoded["cells"], decoder.prepare(encoded["memory"]))
    hidden = []
    for memory in (encoded["memory"], 2 * encoded["memory"]):
        _, after = decoder.step(given["target"][:, 0], state, decoder.prepare(memory))
        hidden.append(np.asarray(decoder.hidden(after)))
    assert np.all(np.abs(hidden[0] - hidden[1])[:2].max(-1) > 1e-4)


@pytest.mark.parametrize("head", ["token", "maxout"])
@pytest.mark.parametrize("query", ["current", "previous"])
def test_the_output_reads_the_state_the_context_and_the_fed_token(query, head):
    """y_i = g(y_{i-1}, s_i, c_i): in NumPy, of the states and contexts that the steps hand on."""
    model = zoo.build("attention_n_to_m", **SMALL, query=query, output_head=head, cell="gru")
    decoder, given = model.get_layer("decoder"), batch()
    encoded = model.get_layer("encoder")({k: given[k] for k in ("source", "source_length")})
    memory = decoder.prepare(encoded["memory"], encoded["mask"])
    state, logits = decoder.get_initial_state(encoded["cells"], memory), []
    first, second = decoder.combine.pairs.weights if head == "maxout" else decoder.combine.weights
    for tokens in given["target"].T:
        _, state = decoder.step(tokens, state, memory)
        context = np.einsum("bn,bnd->bd", state.alignment, encoded["memory"])
        token = np.asarray(decoder.embedding.embeddings)[tokens]
        joined = np.concatenate([decoder.hidden(state), context, token], 1)
        made = joined @ np.asarray(first) + np.asarray(second)
        made = np.maximum(made[:, ::2], made[:, 1::2]) if head == "maxout" else np.tanh(made)
        np.testing.assert_allclose(state.output, made, atol=1e-5)
        projection = decoder.output_projection
        logits.append(made @ np.asarray(projection.kernel) + np.asarray(projection.bias))
    np.testing.assert_allclose(model(given)["logits"], np.stack(logits, 1), atol=1e-5)


@pytest.mark.parametrize("cell", ["basic_lstm", "lstm"])
def test_the_previous_output_of_the_recurrence_asks_not_its_cell_state(cell):
    model = zoo.build("attention_n_to_m", **SMALL, query="previous", cell=cell)
    decoder, given = model.get_layer("decoder"), batch()
    encoded = model.get_layer("encoder")({k: given[k] for k in ("source", "source_length")})
    memory = decoder.prepare(encoded["memory"], encoded["mask"])
    state = decoder.get_initial_state(encoded["cells"], memory)
    _, state = decoder.step(given["target"][:, 0], state, memory)
    output = np.asarray(decoder.hidden(state))
    # An LSTM's output lies within its gate: |h| = |o tanh(c)| < 1, and is what combine reads.
    _, weights, _ = decoder.attention(output, memory)
    _, following = decoder.step(given["target"][:, 1], state, memory)
    np.testing.assert_allclose(following.alignment, weights, atol=1e-6)
    parts = [np.asarray(part) for part in tf.nest.flatten(state.cells[-1])]
    other = parts[0] if cell == "basic_lstm" else parts[1]  # c
    assert np.all(np.abs(output) <= np.abs(np.tanh(other)) + 1e-6)


def test_saved_and_loaded(model, tmp_path):
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(model(batch())["logits"], loaded(batch())["logits"], atol=1e-6)


def test_every_weight_has_a_gradient(model):
    labels = np.random.default_rng(1).integers(0, 7, [4, 6])
    with tf.GradientTape() as tape:
        logits = model(batch(), training=True)["logits"]
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        )
    weights = model.trainable_variables
    for variable, gradient in zip(
        weights, tape.gradient(loss, [w.value for w in weights]), strict=True
    ):
        assert gradient is not None, variable.path
        gradient = tf.convert_to_tensor(gradient)
        assert np.all(np.isfinite(gradient)), variable.path


def test_graph_and_eager_agree(model):
    graph = tf.function(lambda x: model(x)["logits"])
    np.testing.assert_allclose(model(batch())["logits"], graph(batch()), atol=1e-5)


def test_mixed_precision_runs():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = zoo.build("attention_n_to_m", **SMALL)
        assert np.all(np.isfinite(np.asarray(tf.cast(mixed(batch())["logits"], tf.float32))))
    finally:
        keras.config.set_dtype_policy("float32")


def test_at_once_only_where_a_step_does_not_feed_the_next():
    def at_once(**settings):
        return (
            zoo.build("attention_n_to_m", **SMALL, **settings).get_layer("decoder").attends_at_once
        )

    assert at_once()
    assert at_once(query="previous_output")
    assert not at_once(query="previous_output", input_feeding=True)
    assert not at_once(query="previous")
    assert not at_once(input_feeding=True)
    assert not at_once(attention="monotonic")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cell": "lstn"}, "did you mean 'lstm'"),
        ({"attention": "aditive"}, "did you mean 'additive'"),
        ({"bridge": "glue"}, "copy, zero, dense"),
        ({"query": "next"}, "current, previous, previous_output"),
        ({"output_head": "softmax"}, "plain, token, maxout"),
        ({"units": 0}, "units is 0"),
        ({"dropout": 1.5}, "dropout is 1.5"),
        ({"encoder_layers": 1, "decoder_layers": 2}, "at least as many"),
        ({"bridge": "copy"}, "use 'dense'"),
    ],
)
def test_bad_settings_are_refused_when_the_model_is_built(settings, message):
    with pytest.raises(InputError, match=message):
        zoo.build("attention_n_to_m", **{**SMALL, **settings})


def test_an_unknown_setting_or_model_is_named_with_the_near_one():
    with pytest.raises(InputError, match="did you mean 'units'"):
        zoo.build("attention_n_to_m", unit=3)
    with pytest.raises(InputError, match="did you mean 'attention_n_to_m'"):
        zoo.build("attention_n_to_n")


def test_features_in_place_of_tokens():
    """A source of embeddings is a source of tokens that have them."""
    model = zoo.build(
        "attention_n_to_m", source_vocabulary_size=9, target_vocabulary_size=7, units=4
    )
    other = zoo.build(
        "attention_n_to_m",
        source_vocabulary_size=None,
        num_features=64,
        target_vocabulary_size=7,
        units=4,
    )
    vectors = model.get_layer("encoder").get_layer("embedding")
    kept = [w for w in model.weights if w is not vectors.weights[0]]
    for mine, theirs in zip(other.weights, kept, strict=True):
        mine.assign(theirs)
    source = np.array([[4, 5, 6], [7, 8, 0]])
    batch = {"source_length": np.array([3, 2]), "target": np.array([[2, 4], [2, 5]])}
    expected = model({**batch, "source": source})["logits"]
    found = other({**batch, "source": np.asarray(vectors(source))})["logits"]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"source_vocabulary_size": None},
        {"source_vocabulary_size": 9, "num_features": 4},
        {"source_vocabulary_size": None, "num_features": 4, "copying": True},
    ],
)
def test_tokens_or_features_and_not_both(wrong):
    with pytest.raises(InputError, match="num_features"):
        zoo.build("attention_n_to_m", target_vocabulary_size=7, **wrong)


def test_hypotheses_that_share_a_memory_are_those_that_have_their_own(model):
    given, decoder = batch(), model.get_layer("decoder")
    encoded = model.get_layer("encoder")({name: given[name] for name in list(given)[:2]})
    memory = decoder.prepare(encoded["memory"], encoded["mask"])
    search = {
        "state": decoder.get_initial_state(encoded["cells"], memory),
        "memory": memory,
        "beam_width": 3,
        "start_id": 2,
        "stop_id": 3,
        "max_length": 5,
        "record": lambda state: state.alignment,
    }
    shared = beam_search(**search, **beam_step(decoder, 3))
    own = beam_search(decoder.step, **search)
    np.testing.assert_array_equal(shared.tokens, own.tokens)
    np.testing.assert_allclose(shared.scores, own.scores, atol=1e-5)
    np.testing.assert_allclose(shared.record, own.record, atol=1e-5)
    kept = decoder.attention.get_initial_state(1, 1)
    assert beam_step(decoder, 3)["share_memory"] is (kept == ())
