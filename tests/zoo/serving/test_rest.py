"""The REST interface as TensorFlow Serving's own REST page describes it, by plain HTTP."""

import base64
import json
import math

import httpx
import numpy as np
import pytest
import tensorflow as tf


@pytest.fixture(scope="module")
def http(server):
    with httpx.Client(base_url=f"http://127.0.0.1:{server.rest_port}", timeout=20) as client:
        yield client


@pytest.fixture(scope="module")
def lexicon(model_base):
    return tf.saved_model.load(str(model_base / "lexicon" / "1")).signatures


def ask(http, body, model="lexicon", method="predict", **more):
    content = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return http.post(f"/v1/models/{model}:{method}", content=content, **more)


def lexicon_inputs(words) -> dict:
    """All inputs of the lexicon's default signature: REST asks for those with a default too."""
    return {
        "word": words,
        "length_penalty": [0.5] * len(words),
        "max_length": [4] * len(words),
    }


def error_of(response) -> str:
    assert response.headers["content-type"] == "application/json"
    document = response.json()
    assert list(document) == ["error"]
    assert "Traceback" not in document["error"] and 'File "' not in document["error"]
    return document["error"]


def test_columns_equal_the_model_called_in_process(http, lexicon):
    words = ["photo", "naïve", "猫", "", "unknown"]
    answer = ask(http, {"inputs": lexicon_inputs(words)}).json()["outputs"]
    expected = lexicon["serving_default"](
        word=tf.constant(words),
        length_penalty=tf.constant([0.5] * 5),
        max_length=tf.constant([4] * 5),
    )
    assert answer["cut"] == [v.decode() for v in expected["cut"].numpy()]
    assert answer["index"] == expected["index"].numpy().tolist() == [1, 3, 4, 0, -1]
    np.testing.assert_array_equal(np.float32(answer["score"]), expected["score"].numpy())
    decoded = [base64.b64decode(v["b64"]) for v in answer["raw_bytes"]]
    assert decoded == expected["raw_bytes"].numpy().tolist()


def test_rows_hold_the_same_as_columns(http):
    words = ["photo", "猫"]
    inputs = lexicon_inputs(words)
    columns = ask(http, {"inputs": inputs}).json()["outputs"]
    given = [dict(zip(inputs, row, strict=True)) for row in zip(*inputs.values(), strict=True)]
    rows = ask(http, {"instances": given}).json()["predictions"]
    assert rows == [{k: v[i] for k, v in columns.items()} for i in range(2)]


def test_rows_take_a_setting_of_their_own(http):
    rows = [
        {"word": "graphs", "length_penalty": 1.0, "max_length": 2},
        {"word": "graphs", "length_penalty": 2, "max_length": 9},
    ]
    answer = ask(http, {"instances": rows}).json()["predictions"]
    assert [row["cut"] for row in answer] == ["gr", "graphs"]
    assert [row["score"] for row in answer] == [6.0, 12.0]


def test_a_single_input_and_output_go_without_names(http):
    body = {"signature_name": "scalar", "inputs": 1.5}
    assert ask(http, body).json() == {"outputs": 1.5}


def test_an_input_with_a_default_is_asked_for_too(http):
    body = {"signature_name": "scaled", "inputs": {"x": [[1.0, 2.0]], "factor": 10.0}}
    assert ask(http, body).json() == {"outputs": [[10.0, 20.0]]}
    del body["inputs"]["factor"]
    assert "Missing named input: factor" in error_of(ask(http, body))


def test_base64_input_is_decoded(http):
    encoded = {"b64": base64.b64encode("猫".encode()).decode()}
    plain = ask(http, {"inputs": lexicon_inputs(["猫"])}).json()
    assert ask(http, {"inputs": lexicon_inputs([encoded])}).json() == plain
    assert plain["outputs"]["index"] == [4]


def test_nan_and_infinity_travel_both_ways(http):
    inputs = '{"x": [[-Infinity, NaN]], "factor": 1}'
    response = ask(http, f'{{"signature_name": "scaled", "inputs": {inputs}}}')
    assert response.status_code == 200
    first, second = json.loads(response.content)["outputs"][0]
    assert first == -math.inf and math.isnan(second)


def test_a_state_is_carried_by_the_caller(http):
    state, character, seen = [[0.0, 0.0]], "a", []
    for _ in range(3):
        body = {"inputs": {"character": [character], "state": state}}
        answer = ask(http, body, model="stepper").json()["outputs"]
        character, state = answer["character"][0], answer["state"]
        seen.append(character)
    assert seen == ["b", "c", "d"]
    # 97, then 97/2 + 98, then half of that + 99; and three steps.
    assert state == [[172.25, 3.0]]


@pytest.mark.parametrize("place", ["lexicon", "lexicon/versions/1"])
def test_versions_in_the_address(http, place):
    body = {"signature_name": "scalar", "inputs": 1}
    assert ask(http, body, model=place).status_code == 200


def test_status_of_a_model(http):
    expected = {
        "model_version_status": [
            {
                "version": "1",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }
    assert http.get("/v1/models/lexicon").json() == expected
    assert http.get("/v1/models/lexicon/versions/1").json() == expected
    assert http.get("/v1/models/lexicon/versions/9").status_code == 404
    assert http.get("/v1/models/nothing").status_code == 404
    assert http.get("/v1/models").status_code == 400


def test_metadata_names_inputs_outputs_and_defaults(http):
    document = http.get("/v1/models/lexicon/metadata").json()
    assert document["model_spec"] == {"name": "lexicon", "signature_name": "", "version": "1"}
    signatures = document["metadata"]["signature_def"]["signature_def"]
    assert set(signatures) == {"serving_default", "ids", "scaled", "scalar"}
    serving = signatures["serving_default"]
    assert serving["inputs"]["word"]["dtype"] == "DT_STRING"
    assert serving["inputs"]["word"]["tensor_shape"]["dim"][0]["size"] == "-1"
    assert serving["method_name"] == "tensorflow/serving/predict"
    assert serving["defaults"]["length_penalty"]["float_val"] == [0.5]


def test_classify_and_regress(http):
    examples = [{"text": "abc"}, {"text": ["abcdefg"]}]
    answer = ask(http, {"examples": examples}, model="judge", method="classify")
    assert answer.json() == {
        "results": [[["long", 3.0], ["short", 7.0]], [["long", 7.0], ["short", 3.0]]]
    }
    body = {"signature_name": "length", "examples": [{"other": 1}], "context": {"text": "ab"}}
    assert ask(http, body, model="judge", method="regress").json() == {"results": [2.0]}


def test_classify_asks_for_a_classify_signature(http):
    response = ask(http, {"examples": [{"text": "a"}]}, method="classify")
    assert response.status_code == 400
    assert "method_name" in error_of(response)
    assert ask(http, {"examples": []}, model="judge", method="classify").status_code == 400


def test_an_error_of_the_graph_is_the_callers(http):
    body = {"signature_name": "scaled", "inputs": {"x": [[666.0, 0.0]], "factor": 1.0}}
    response = ask(http, body)
    assert response.status_code == 400
    assert "refused" in error_of(response)
    body = {"inputs": {**lexicon_inputs(["a", "b", "c"]), "max_length": [1, 2]}}
    response = ask(http, body)
    assert response.status_code == 400 and error_of(response)


def test_unknown_model_has_the_message_of_tensorflow_serving(http):
    # Word for word the example at the end of TensorFlow Serving's REST page.
    response = ask(http, {"instances": [1.0, 5.0]}, model="half")
    assert response.status_code == 404
    assert response.json() == {"error": "Servable not found for request: Latest(half)"}


def test_health_readiness_and_metrics(http):
    assert http.get("/healthz").status_code == 200
    assert http.get("/readyz").json() == {"ready": True}
    ask(http, {"signature_name": "scalar", "inputs": 1})
    for path in ("/metrics", "/monitoring/prometheus/metrics"):
        page = http.get(path).text
        labels = 'method="predict",model="lexicon",status="OK",transport="rest"'
        assert f"zoo_serving_requests_total{{{labels}}}" in page
