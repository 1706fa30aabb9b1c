"""A language model one token at a time: the whole sequence's numbers, under every strategy."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.decoding import (
    beam_search,
    ensemble,
    free_running,
    greedy_search,
    read_prompt,
    sample,
    stream_step,
    teacher_forcing,
)
from zoo.errors import InputError
from zoo.topologies import TokenStep

VOCABULARY, START, STOP = 6, 0, 5
TOKENS = np.random.default_rng(3).integers(0, VOCABULARY, [3, 7]).astype("int32")


def model_of(seed=0, **settings):
    keras.utils.set_random_seed(seed)
    settings = {"units": 5, "embedding_dim": 4, "num_layers": 2, **settings}
    model = zoo.build("n_to_n", num_classes=VOCABULARY, vocabulary_size=VOCABULARY, **settings)
    # Sharper than a fresh model is, so that one token is clearly better than another.
    for weight in model.trainable_weights:
        weight.assign(np.random.default_rng(seed).normal(size=weight.shape))
    return model


def logits_of(model, tokens):
    """The whole model's own: [N, V] of a row of tokens."""
    given = {"tokens": np.array([tokens]), "length": np.array([len(tokens)])}
    states = {x.name: np.zeros([1, x.shape[-1]]) for x in model.inputs if "state" in x.name}
    return np.asarray(model({**given, **states})["logits"][0], "float64")


def log_softmax(logits):
    logits = logits - logits.max(-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def probability_of(model, tokens):
    """log P of the tokens after the start token, by the whole model."""
    steps = log_softmax(logits_of(model, [START, *tokens[:-1]]))
    return steps[np.arange(len(tokens)), tokens].sum()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"cell": "gru", "tie_embeddings": True, "state_inputs": True},
        {"cell": "basic_lstm", "num_layers": 1},
        {"dropout": 0.5, "recurrent_weight_dropout": 0.5},
    ],
    ids=lambda settings: "-".join(settings) or "lstm",
)
def test_steps_are_the_whole_sequence(settings):
    model = model_of(**settings)
    one = TokenStep(model)
    state, logits = one.get_initial_state(3), []
    for t in range(7):
        step, state = one.step(TOKENS[:, t], state)
        logits.append(step)
    for row in range(3):
        np.testing.assert_allclose(
            np.stack(logits, 1)[row], logits_of(model, TOKENS[row]), atol=1e-5
        )
    whole, last = one.sequence(TOKENS, np.full(3, 7), one.get_initial_state(3))
    np.testing.assert_allclose(np.stack(logits, 1), whole, atol=1e-5)
    for ours, theirs in zip(state, last, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    forced, _ = teacher_forcing(one.step, one.get_initial_state(3), None, TOKENS)
    np.testing.assert_allclose(forced, whole, atol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_sequence_in_pieces_is_the_whole(cell):
    model = model_of(cell=cell, state_inputs=True)
    names = TokenStep(model).state_names
    assert names == tuple(name for name in sorted(model.output) if name.startswith("state"))
    assert len(names) == (4 if cell == "lstm" else 2)
    whole = [logits_of(model, row[:n]) for row, n in zip(TOKENS, (7, 4), strict=False)]
    state, pieces = {name: np.zeros([3, 5]) for name in names}, []
    for start, end in ((0, 3), (3, 7)):
        length = np.clip(np.array([7, 4, 0]) - start, 0, end - start)
        found = model({"tokens": TOKENS[:, start:end], "length": length, **state})
        state = {name: np.asarray(found[name]) for name in names}
        pieces.append(found["logits"])
    for row, wanted in enumerate(whole):
        found = np.concatenate(pieces, 1)[row, : len(wanted)]
        np.testing.assert_allclose(found, wanted, atol=1e-5)
    # A row of no steps keeps its state.
    assert all(np.all(state[name][2] == 0) for name in names)


@pytest.mark.filterwarnings("error:.*mask attached")
def test_no_mask_of_keras_reaches_the_tied_embedding():
    model = model_of(cell="gru", tie_embeddings=True, dropout=0.2)
    found = model({"tokens": TOKENS, "length": np.array([7, 4, 0])}, training=False)
    assert found["logits"].shape == (3, 7, VOCABULARY)


def test_greedy_takes_the_best_by_the_whole_model():
    model = model_of(1)
    one = TokenStep(model)
    found = greedy_search(
        one.step, one.get_initial_state(1), None, start_id=START, stop_id=None, max_length=6
    )
    tokens = []
    for _ in range(6):
        tokens.append(int(logits_of(model, [START, *tokens])[-1].argmax()))
    assert found.tokens[0].numpy().tolist() == tokens
    np.testing.assert_allclose(found.scores[0], probability_of(model, tokens), rtol=1e-4)


def test_a_full_beam_is_an_exhaustive_search():
    model = model_of(2)
    one = TokenStep(model)
    found = beam_search(
        one.step,
        one.get_initial_state(1),
        None,
        beam_width=VOCABULARY**2,
        num_results=8,
        start_id=START,
        stop_id=STOP,
        max_length=3,
        length_penalty=0.7,
    )
    # log P of every beginning's next token, by the whole model: one call for all of two tokens.
    following = {
        before: log_softmax(logits_of(model, [START, *before])[-1])
        for length in range(3)
        for before in itertools.product(range(STOP), repeat=length)
    }
    everything = []
    for length in range(4):
        for tokens in itertools.product(range(STOP), repeat=length):
            said = [*tokens, *([STOP] if length < 3 else [])]
            total = sum(following[tokens[:place]][token] for place, token in enumerate(said))
            everything.append((total / ((5 + len(said)) / 6) ** 0.7, list(tokens)))
    everything.sort(key=lambda pair: -pair[0])
    for place, (score, tokens) in enumerate(everything[:8]):
        assert found.tokens[0, place, : found.lengths[0, place]].numpy().tolist() == tokens
        np.testing.assert_allclose(found.scores[0, place], score, rtol=1e-4)


def test_sampling_follows_the_model_and_a_stream_is_the_sample():
    model = model_of(3)
    one = TokenStep(model)
    rows = 3000
    drawn = sample(
        one.step, one.get_initial_state(rows), None,
        start_id=START, stop_id=None, max_length=2, seed=[1, 2],
    ).tokens.numpy()  # fmt: skip
    for first in range(VOCABULARY):
        for second in range(VOCABULARY):
            share = np.mean(np.all(drawn == [first, second], axis=1))
            wanted = np.exp(probability_of(model, [first, second]))
            assert abs(share - wanted) < 5 * np.sqrt(wanted * (1 - wanted) / rows) + 1e-3
    settings = {"temperature": 0.8, "top_k": 4, "top_p": 0.9, "seed": [5, 6]}
    prompt, lengths = TOKENS[:, :3], np.array([3, 1, 0])
    start, state = read_prompt(
        one.step, one.get_initial_state(3), None, prompt, lengths, start_id=START
    )
    whole = sample(
        one.step, state, None, start_id=start, stop_id=None, max_length=9, **settings
    ).tokens
    tokens, stream = start, []
    for index in range(9):
        tokens, _, state, _ = stream_step(one.step, tokens, state, None, index=index, **settings)
        stream.append(tokens)
    np.testing.assert_array_equal(np.stack(stream, 1), whole)


def test_an_ensemble_of_two_models_averages_their_probabilities():
    models = [model_of(4), model_of(5, cell="gru", num_layers=1)]
    ones = [TokenStep(model) for model in models]
    step = ensemble([one.step for one in ones])
    states = tuple(one.get_initial_state(1) for one in ones)
    found = greedy_search(step, states, (None, None), start_id=START, stop_id=None, max_length=4)
    tokens = []
    for _ in range(4):
        means = sum(np.exp(log_softmax(logits_of(m, [START, *tokens])[-1])) for m in models) / 2
        tokens.append(int(means.argmax()))
    assert found.tokens[0].numpy().tolist() == tokens


def test_free_running_is_greedy():
    one = TokenStep(model_of(6))
    settings = {"start_id": START}
    logits, _ = free_running(one.step, one.get_initial_state(2), None, num_steps=4, **settings)
    found = greedy_search(
        one.step, one.get_initial_state(2), None, stop_id=None, max_length=4, **settings
    )
    np.testing.assert_array_equal(tf.argmax(logits, -1, tf.int32), found.tokens)


def test_a_loaded_model_steps_as_before(tmp_path):
    model = model_of(7, tie_embeddings=True, state_inputs=True, recurrent_weight_dropout=0.3)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    tokens = tf.constant([1, 2])
    results = []
    for one in (TokenStep(model), TokenStep(loaded)):
        _, state = one.step(tokens, one.get_initial_state(2))
        results.append(one.step(tokens, state)[0])
    np.testing.assert_allclose(*results, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"vocabulary_size": 6, "bidirectional": True}, "bidirectional=False"),
        ({"vocabulary_size": 6, "crf": True}, "whole sequences of tags"),
        ({"num_features": 2}, "vocabulary_size and without num_features"),
        ({"vocabulary_size": 6, "num_features": 2}, "vocabulary_size and without num_features"),
    ],
)
def test_what_has_no_step_is_refused(settings, message):
    with pytest.raises(InputError, match=message):
        TokenStep(zoo.build("n_to_n", num_classes=6, units=2, **settings))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"state_inputs": True, "bidirectional": True}, "choose one of them"),
        ({"tie_embeddings": True, "num_classes": 5}, "make them equal"),
        ({"recurrent_weight_dropout": 1.5}, "recurrent_weight_dropout is 1.5"),
        ({"input_dropout": -1}, "input_dropout is -1"),
        ({"recurrent_weight_dropout": 0.5, "cell": "basic_rnn"}, "lstm, gru, simple_rnn"),
    ],
)
def test_settings_that_do_not_fit(settings, message):
    with pytest.raises(InputError, match=message):
        zoo.build("n_to_n", **{"num_classes": 6, "vocabulary_size": 6, "units": 2, **settings})
