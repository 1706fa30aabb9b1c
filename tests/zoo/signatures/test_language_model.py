"""A language model's signatures: writing on, scoring, and streaming over both transports."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.decoding import greedy_search
from zoo.serving import Client, Server, export_saved_model, saved_model
from zoo.signatures.language_model import LanguageModel
from zoo.text import STOP_ID, Vocabulary
from zoo.text import tokenizers as tokenizers
from zoo.topologies import TokenStep

LETTERS = "abcdé\n"
SETTINGS = {"temperature": [0.8], "top_k": [5], "top_p": [0.95], "seed": [7]}


def module_of(**settings):
    keras.utils.set_random_seed(1)
    vocabulary = Vocabulary(list(LETTERS))
    size = len(vocabulary)
    model = zoo.build(
        "n_to_n", num_classes=size, vocabulary_size=size, units=6, embedding_dim=4, num_layers=2
    )
    for weight in model.trainable_weights:
        weight.assign(np.random.default_rng(2).normal(size=weight.shape))
    start = vocabulary.tokens.index("\n")
    settings = {"start_id": start, "window": 3, "max_length": 12, **settings}
    module = LanguageModel(TokenStep(model), vocabulary, tokenizers.get("characters"), **settings)
    return module, model


@pytest.fixture(scope="module")
def made():
    return module_of()


@pytest.fixture(scope="module")
def base(made, tmp_path_factory):
    base = tmp_path_factory.mktemp("models")
    text = {"text": np.array(["ab", "c"])}
    warmup = [(name, text) for name in ("with_settings", "score", "next_with_settings")]
    export_saved_model(
        made[0], made[0].signatures, base / "letters", warmup=warmup, model_name="letters"
    )
    return base


@pytest.fixture(scope="module")
def loaded(base):
    return saved_model.SavedModel(base / "letters" / "1")


def log_probabilities(module, model, text):
    """By the whole Keras model: [N] of the characters of a text."""
    ids = [module.vocabulary.tokens.index(letter) for letter in text]
    start = module.vocabulary.tokens.index("\n")
    logits = model({"tokens": np.array([[start, *ids[:-1]]]), "length": np.array([len(ids)])})[
        "logits"
    ]
    return np.asarray(tf.nn.log_softmax(logits[0]))[np.arange(len(ids)), ids]


def test_scores_are_the_whole_models(made, loaded):
    texts = ["abcdé\nab", "c", "", "ddddddd"]
    found = loaded(signature="score", text=texts)
    assert found["length"].tolist() == [8, 1, 0, 7]
    for row, text in enumerate(texts):
        wanted = -log_probabilities(*made, text) if text else np.zeros(1)
        np.testing.assert_allclose(found["nats"][row], wanted.sum(), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(
            found["nats_per_token"][row], wanted.mean(), rtol=1e-4, atol=1e-6
        )
    np.testing.assert_allclose(loaded(signature="score", text=["axé"])["unknown_share"], [1 / 3])


def test_the_same_seed_gives_the_same_text_whatever_else_is_asked(made, loaded):
    prompts = ["ab", "", "éc\n"]
    found = loaded(text=prompts, **SETTINGS)
    assert [len(text.decode()) for text in found["text"]] == [12, 12, 12]
    alone = loaded(text=["éc\n"], **SETTINGS)
    assert alone["text"][0] == found["text"][2]
    other = loaded(text=prompts, **{**SETTINGS, "seed": [8]})
    assert other["text"].tolist() != found["text"].tolist()
    # Both the prompt's and the answer's surprisal are told, in order.
    for row, prompt in enumerate(prompts):
        whole = prompt + found["text"][row].decode()
        nats = -log_probabilities(*made, whole)
        np.testing.assert_allclose(found["nats"][row, : len(whole)], nats, rtol=1e-3, atol=1e-5)
        assert np.all(found["nats"][row, len(whole) :] == 0)
        np.testing.assert_allclose(found["score"][row], -nats[len(prompt) :].sum(), rtol=1e-4)
    assert found["prompt_length"].tolist() == [2, 0, 3]


def test_greedy_is_temperature_zero(made, loaded):
    module, model = made
    start = module.vocabulary.tokens.index("\n")
    one = TokenStep(model)
    found = greedy_search(
        one.step, one.get_initial_state(1), None,
        start_id=start, stop_id=None, max_length=9, forbidden_ids=[0, 1, 2, 3],
    )  # fmt: skip
    wanted = "".join(module.vocabulary.tokens[token] for token in found.tokens[0].numpy())
    said = loaded(text=[""], temperature=[0.0], max_length=[9])["text"][0]
    assert said.decode() == wanted


@pytest.mark.parametrize("address", ["http", "grpc"])
def test_a_stream_is_the_text_of_one_call(base, loaded, address):
    wanted = loaded(text=["abé", "d"], **SETTINGS)["text"]
    with Server(base, rest_port=0, grpc_port=0, poll_seconds=0) as server:
        port = server.rest_port if address == "http" else server.grpc_port
        with Client(f"{address}://127.0.0.1:{port}", timeout=20) as client:
            # The first request has a text and no state; the next ones what the last one said.
            request, said = {"text": ["abé", "d"], **SETTINGS}, ["", ""]
            for _ in range(12):
                answer = client.predict("letters", request, "next_with_settings")
                said = [a + b.decode() for a, b in zip(said, answer["text"], strict=True)]
                request |= {name: answer[name] for name in ("text", "index", "state")}
                assert np.all(np.diff(answer["top_probabilities"]) <= 0)
                assert answer["top_text"].shape == (2, 5)
    assert said == [text.decode() for text in wanted]


def test_a_text_may_come_in_pieces(loaded):
    whole = loaded(signature="next", text=["abcab"], **SETTINGS)
    part = loaded(signature="next", text=["ab"], **SETTINGS)
    rest = loaded(
        signature="next", text=["cab"], state=part["state"], index=part["index"], **SETTINGS
    )
    np.testing.assert_allclose(whole["state"], rest["state"], atol=1e-5)
    np.testing.assert_allclose(whole["top_probabilities"], rest["top_probabilities"], atol=1e-5)


def test_a_text_may_end():
    module, model = module_of(stop_id=STOP_ID, max_length=50)
    bias = np.zeros(len(LETTERS) + 4)
    bias[STOP_ID] = 4.0
    model.get_layer("output_projection").bias.assign(bias)
    answer = module.with_settings(tf.constant(["a", "b"]), seed=tf.constant([3, 4]))
    assert np.all(answer["length"].numpy() < 50)
    request, said = {"text": tf.constant(["a"]), "seed": tf.constant([3])}, ""
    for _ in range(50):
        step = module.next_with_settings(**request)
        if step["finished"][0]:
            break
        said += step["text"][0].numpy().decode()
        request |= {name: step[name] for name in ("text", "index", "state")}
    assert step["finished"][0] and step["text"][0] == b""
    assert said == answer["text"][0].numpy().decode()
