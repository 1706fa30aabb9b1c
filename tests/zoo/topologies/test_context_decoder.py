"""n_to_m, one_to_n and skip_thought: what their decoder reads, and that a step is the whole."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.decoding import greedy_search
from zoo.decoding.unroll import teacher_forcing
from zoo.errors import InputError
from zoo.signatures.text_to_text import TextToText
from zoo.text import Vocabulary
from zoo.text import tokenizers as tokenizers
from zoo.topologies.encoder_decoder import start_decoding
from zoo.topologies.forcing import forced
from zoo.training import token_cross_entropy

SMALL = {
    "source_vocabulary_size": 9,
    "target_vocabulary_size": 7,
    "units": 4,
    "embedding_dim": 3,
    "cell": "simple_rnn",
}
RANDOM = np.random.default_rng(2)
SOURCE = {
    "source": RANDOM.integers(4, 9, [3, 4]).astype("int32"),
    "source_length": np.array([4, 2, 0], "int32"),
}
TARGET = RANDOM.integers(0, 7, [3, 5]).astype("int32")
CONTEXTS = ("last", "transform_last", "transform_all")
INJECTIONS = ("initial_state", "every_step", "both")


def build(name="n_to_m", **settings):
    keras.utils.set_random_seed(3)
    return zoo.build(name, **{**SMALL, **settings})


def stepwise(decoder, encoded, target):
    memory = decoder.prepare(encoded["memory"], encoded["mask"])
    state = decoder.get_initial_state(encoded["cells"], memory)
    logits, alignment = teacher_forcing(
        decoder.step, state, memory, target, record=lambda s: s.alignment
    )
    assert alignment.shape == (*target.shape, encoded["memory"].shape[1])
    return logits


@pytest.mark.parametrize(("context", "injection"), [*itertools.product(CONTEXTS, INJECTIONS)])
def test_scoring_a_target_is_the_step_unrolled(context, injection):
    head = {"last": "plain", "transform_last": "maxout", "transform_all": "token"}[context]
    settings = {"context": context, "injection": injection, "output_head": head}
    model = build(**settings, bidirectional=True, pooling="max")
    logits = model({**SOURCE, "target": TARGET})["logits"]
    encoded = model.get_layer("encoder")(SOURCE)
    found = stepwise(model.get_layer("decoder"), encoded, TARGET)
    np.testing.assert_allclose(logits, found, atol=1e-5)


@pytest.mark.parametrize(
    ("injection", "head"),
    [*itertools.product(INJECTIONS, ("plain", "blank")), ("both", "token"), ("both", "maxout")],
)
def test_context_enters_as_the_equations_say(injection, head):
    """In NumPy, step by step; "blank" is the plain head of a decoder that is fed no tokens."""
    feedback = head != "blank"
    model = build(
        context="transform_last",
        injection=injection,
        output_head=head if feedback else "plain",
        feedback=feedback,
    )
    hidden = np.asarray(model.get_layer("encoder")(SOURCE)["memory"])
    last = np.stack(
        [row[n - 1] if n else 0 * row[0] for row, n in zip(hidden, [4, 2, 0], strict=True)]
    )
    decoder = model.get_layer("decoder")
    context = np.tanh(_dense(decoder.transform, last))
    state = np.zeros([3, 4])
    if injection != "every_step":
        state = np.tanh(_dense(decoder.starts[0], context))
    cell = decoder.stack.layers[0].cell
    logits = []
    for tokens in TARGET.T:
        token = np.zeros([3, 0])
        if feedback:
            token = np.asarray(decoder.embedding.embeddings)[tokens]
        step = token
        if injection != "initial_state":
            step = np.concatenate([token, context], 1)
        elif not feedback:
            step = np.ones([3, 1])
        state = np.tanh(
            step @ np.asarray(cell.kernel)
            + state @ np.asarray(cell.recurrent_kernel)
            + np.asarray(cell.bias)
        )
        made, joined = state, np.concatenate([state, context, token], 1)
        if head == "token":
            made = np.tanh(_dense(decoder.combine, joined))
        elif head == "maxout":
            pairs = _dense(decoder.combine.pairs, joined)
            made = np.maximum(pairs[:, ::2], pairs[:, 1::2])
        logits.append(_dense(decoder.output_projection, made))
    steps = {"target": TARGET} if feedback else {"target_length": np.array([5, 2, 0])}
    found = model({**SOURCE, **steps})["logits"]
    np.testing.assert_allclose(found, np.stack(logits, 1), atol=1e-5)


def _dense(layer, inputs):
    """W x + b, before the layer's activation."""
    return inputs @ np.asarray(layer.kernel) + np.asarray(layer.bias)


def test_copied_states_start_the_decoder():
    model = build(cell="lstm", bridge="copy", encoder_layers=2, decoder_layers=2)
    encoder = model.get_layer("encoder")
    _, states = encoder.get_layer("recurrence")(
        encoder.get_layer("embedding")(SOURCE["source"]), SOURCE["source_length"]
    )
    cells = encoder(SOURCE)["cells"]
    for given, taken in zip(tf.nest.flatten(states), tf.nest.flatten(cells), strict=True):
        np.testing.assert_allclose(given, taken, atol=1e-6)


@pytest.mark.parametrize("injection", ["first_step", "every_step", "initial_state"])
@pytest.mark.parametrize("cell", ["lstm", "tf_gru"])
def test_without_feedback_every_way_to_run_it_agrees(cell, injection):
    """At once, step by step whatever the tokens, greedily, and in a bare exported graph."""
    keras.utils.set_random_seed(3)
    settings = {"num_features": 2, "vocabulary_size": 7, "units": 4, "cell": cell}
    model = zoo.build("one_to_n", **settings, injection=injection, feedback=False, num_layers=2)
    assert set(model.input) == {"features", "target_length"}
    features = RANDOM.normal(size=[3, 2]).astype("float32")
    given = {"features": features, "target_length": np.array([5, 1, 0], "int32")}
    logits = np.asarray(model(given)["logits"])
    assert logits.shape == (3, 5, 7)
    encoded = model.get_layer("encoder")({"features": features})
    decoder = model.get_layer("decoder")
    for tokens in (TARGET, np.flip(TARGET)):
        np.testing.assert_allclose(stepwise(decoder, encoded, tokens), logits, atol=1e-5)
    state, memory = start_decoding(model, given)
    found = greedy_search(decoder.step, state, memory, start_id=2, stop_id=None, max_length=5)
    np.testing.assert_array_equal(found.tokens, logits.argmax(-1))
    graph = tf.function(lambda rows: model(rows)["logits"], jit_compile=True)
    np.testing.assert_allclose(graph(given), logits, atol=1e-5)
    # Nothing that is written is heard of later: row by row the states depend on x alone.
    same = {"features": features[[0, 0, 0]], "target_length": np.array([5, 5, 5])}
    np.testing.assert_allclose(model(same)["logits"][2], logits[0], atol=1e-5)


def test_a_decoder_that_is_fed_nothing_learns_without_a_target():
    """A number's class makes its digits: the whole target in one pass, no token fed."""
    keras.utils.set_random_seed(0)
    settings = {"num_features": 8, "vocabulary_size": 9, "units": 24}
    model = zoo.build("one_to_n", **settings, injection="first_step", feedback=False)
    labels = np.random.default_rng(0).integers(1, 9, [8, 4])
    given = {"features": np.eye(8, dtype="float32"), "target_length": np.full([8], 4)}
    model.compile("adam", loss={"logits": token_cross_entropy()})
    model.optimizer.learning_rate = 0.02
    model.fit(given, {"logits": labels}, epochs=150, batch_size=8, verbose=0)
    assert np.mean(np.asarray(model(given)["logits"]).argmax(-1) == labels) == 1


def test_what_no_token_is_fed_to_cannot_be_forced():
    with pytest.raises(InputError, match="no token is fed"):
        forced(build(feedback=False), "teacher")


@pytest.mark.parametrize("injection", ["first_step", "every_step", "initial_state"])
def test_one_to_n_reads_its_vector_when_it_says(injection):
    keras.utils.set_random_seed(3)
    model = zoo.build(
        "one_to_n",
        num_features=2,
        vocabulary_size=7,
        units=4,
        embedding_dim=3,
        cell="simple_rnn",
        injection=injection,
    )
    features = RANDOM.normal(size=[3, 2]).astype("float32")
    logits = model({"features": features, "target": TARGET})["logits"]
    encoded = model.get_layer("encoder")({"features": features})
    decoder = model.get_layer("decoder")
    np.testing.assert_allclose(stepwise(decoder, encoded, TARGET), logits, atol=1e-5)

    # Without a recurrence only the steps into which x goes can tell one x from another.
    cell = decoder.stack.layers[0].cell
    cell.recurrent_kernel.assign(tf.zeros_like(cell.recurrent_kernel))
    both = [
        np.asarray(model({"features": x, "target": TARGET})["logits"])
        for x in (features, features + 1)
    ]
    tells = np.any(np.abs(both[0] - both[1]) > 1e-4, axis=(0, 2)).tolist()
    wanted = {
        "first_step": [True] + 4 * [False],
        "every_step": 5 * [True],
        "initial_state": 5 * [False],  # the state enters through the recurrence alone
    }
    assert tells == wanted[injection]


def test_skip_thought_decoders_share_tokens_and_nothing_else():
    keras.utils.set_random_seed(3)
    model = zoo.build("skip_thought", vocabulary_size=9, units=4, embedding_dim=3)
    decoders = model.get_layer("decoders")
    following = {id(w) for w in decoders.next.weights}
    shared = [w for w in decoders.previous.weights if id(w) in following]
    assert sorted(tuple(w.shape) for w in shared) == [(4, 9), (9,), (9, 3)]
    assert len({w.path for w in model.weights}) == len(model.weights)
    given = {**SOURCE, "previous": TARGET, "next": TARGET[:, :2]}
    out = model(given)
    encoded = model.get_layer("encoder")(SOURCE)
    np.testing.assert_allclose(out["vector"], encoded["vector"], atol=1e-6)
    for name, decoder in (("previous", decoders.previous), ("next", decoders.next)):
        found = stepwise(decoder, encoded, given[name])
        np.testing.assert_allclose(out[f"{name}_logits"], found, atol=1e-5)


def test_skip_thought_decoders_may_have_narrower_tokens():
    model = zoo.build(
        "skip_thought", vocabulary_size=9, units=4, embedding_dim=3, target_embedding_dim=2
    )
    source = model.get_layer("encoder").get_layer("embedding").embeddings
    target = model.get_layer("decoders").next.embedding.embeddings
    assert (tuple(source.shape), tuple(target.shape)) == ((9, 3), (9, 2))


def test_what_serves_an_attention_model_serves_this_one():
    source, target = Vocabulary(list("abcde")), Vocabulary(list("xyz"))
    model = build(context="transform_all", injection="both", cell="gru")
    letters = tokenizers.get("characters")
    module = TextToText(model, source, target, letters, letters, beam_width=3, num_results=2)
    out = module.serving_default(tf.constant(["abc", ""]))
    assert out["n_best"].shape == (2, 2)
    assert np.all(np.isfinite(out["n_best_scores"][0]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bridge": "copy", "context": "transform_all"}, "goes with context 'last'"),
        ({"bridge": "copy", "injection": "every_step"}, "goes with context 'last'"),
        ({"bridge": "copy", "bidirectional": True}, "use 'dense'"),
        ({"decoder_layers": 2}, "at least as many"),
        ({"bridge": "zero"}, "expected one of dense, copy"),
        ({"output_head": "deep"}, "expected one of plain, token, maxout"),
        ({"feedback": False, "output_head": "token"}, "feeds no token"),
        ({"feedback": False, "tie_embeddings": True}, "feeds no token"),
        ({"feedback": False, "target_word_vectors": np.ones([7, 3])}, "feeds no token"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        build(**settings)
