"""The gRPC interface by the real stubs of tensorflow-serving-api."""

import grpc
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)


@pytest.fixture(scope="module")
def channel(server):
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        yield channel


@pytest.fixture(scope="module")
def stub(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture(scope="module")
def status_stub(channel):
    return model_service_pb2_grpc.ModelServiceStub(channel)


def predict_request(inputs, model="lexicon", signature="", **spec):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    if "version" in spec:
        request.model_spec.version.value = spec["version"]
    if "label" in spec:
        request.model_spec.version_label = spec["label"]
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def refusal(call, request, code):
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=20)
    assert caught.value.code() == code
    details = caught.value.details()
    assert details and "Traceback" not in details and 'File "' not in details
    return details


REQUESTS = {
    "words": ("lexicon", "serving_default", {"word": ["photo", "猫", "x"]}),
    "settings": (
        "lexicon",
        "serving_default",
        {"word": ["graph"], "length_penalty": np.float32([2.0]), "max_length": np.int32([1])},
    ),
    "ids": (
        "lexicon",
        "ids",
        {"ids": np.int32([[1, 2, 3], [4, 5, 6]]), "lengths": np.int32([2, 0])},
    ),
    "scaled": ("lexicon", "scaled", {"x": np.float32([[1, np.nan], [np.inf, 0]])}),
    "scalar": ("lexicon", "scalar", {"x": np.float32(4.5)}),
    "no rows": ("lexicon", "scaled", {"x": np.zeros([0, 2], np.float32)}),
    "step": ("stepper", "", {"character": ["a", "é"], "state": np.ones([2, 2], np.float32)}),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_predict_equals_the_model_called_in_process(stub, model_base, case):
    model, signature, inputs = REQUESTS[case]
    response = stub.Predict(predict_request(inputs, model, signature), timeout=20)
    version = {"lexicon": 1, "stepper": 7}[model]
    loaded = tf.saved_model.load(str(model_base / model / str(version)))
    function = loaded.signatures[signature or "serving_default"]
    rows = len(inputs["word"]) if "word" in inputs else 0
    full = {
        "length_penalty": np.float32([0.5] * rows),
        "max_length": np.int32([4] * rows),
        "factor": np.float32(2.0),
        **inputs,
    }
    names = function.structured_input_signature[1]
    expected = function(**{name: tf.constant(full[name]) for name in names})
    assert set(response.outputs) == set(expected)
    for name, tensor in expected.items():
        np.testing.assert_array_equal(tf.make_ndarray(response.outputs[name]), tensor.numpy())
    assert response.model_spec.version.value == version
    assert response.model_spec.signature_name == (signature or "serving_default")


def test_answers_stand_in_the_typed_fields(stub):
    # Many clients read float_val and string_val rather than tensor_content.
    outputs = stub.Predict(predict_request({"word": ["photo"]}), timeout=20).outputs
    assert list(outputs["score"].float_val) == [2.5]
    assert list(outputs["cut"].string_val) == [b"phot"]
    assert list(outputs["index"].int64_val) == [1]


def test_output_filter(stub):
    request = predict_request({"word": ["photo"]})
    request.output_filter.append("score")
    assert set(stub.Predict(request, timeout=20).outputs) == {"score"}
    request.output_filter.append("score")
    refusal(stub.Predict, request, grpc.StatusCode.INVALID_ARGUMENT)
    request.output_filter[:] = ["nothing"]
    assert "nothing" in refusal(stub.Predict, request, grpc.StatusCode.INVALID_ARGUMENT)


@pytest.mark.parametrize(
    ("request_", "code", "says"),
    [
        (predict_request({}), "INVALID_ARGUMENT", "word"),
        (predict_request({"word": ["a"], "no": [1]}), "INVALID_ARGUMENT", "no"),
        (predict_request({"word": [1]}), "INVALID_ARGUMENT", "string"),
        (predict_request({"word": [["a"]]}), "INVALID_ARGUMENT", "[1, 1]"),
        (predict_request({"word": ["a"]}, "absent"), "NOT_FOUND", "Latest(absent)"),
        (predict_request({"word": ["a"]}, version=3), "NOT_FOUND", "Specific(lexicon, 3)"),
        (predict_request({"word": ["a"]}, label="canary"), "INVALID_ARGUMENT", "canary"),
        (predict_request({"word": ["a"]}, signature="no"), "FAILED_PRECONDITION", "no"),
        (predict_request({"word": ["a"]}, ""), "INVALID_ARGUMENT", "model name"),
        (
            predict_request({"x": np.float32([[666, 0]])}, signature="scaled"),
            "INVALID_ARGUMENT",
            "refused",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_request_gets_its_status(stub, request_, code, says):
    assert says in refusal(stub.Predict, request_, grpc.StatusCode[code])


def test_a_small_message_cannot_ask_for_a_large_tensor(stub):
    request = predict_request({"word": ["a"]})
    request.inputs["word"].tensor_shape.dim[0].size = 10**12
    refusal(stub.Predict, request, grpc.StatusCode.INVALID_ARGUMENT)
    request.inputs["word"].tensor_shape.dim[0].size = -5
    refusal(stub.Predict, request, grpc.StatusCode.INVALID_ARGUMENT)
    request.inputs["word"].tensor_shape.dim[0].size = 1
    request.inputs["word"].dtype = 999
    refusal(stub.Predict, request, grpc.StatusCode.INVALID_ARGUMENT)


@pytest.mark.parametrize(
    "sizes",
    [[1] * 300, [1] * 100, [2**62], [2**62, 2**62], [2**62, 0], [2**31, 2**31, 2**31], [1025]],
    ids=str,
)
def test_a_shape_that_cannot_be_is_the_callers_mistake(stub, sizes):
    request = predict_request({"word": ["a"]})
    shape = request.inputs["word"].tensor_shape
    del shape.dim[:]
    for size in sizes:
        shape.dim.add(size=size)
    refusal(stub.Predict, request, grpc.StatusCode.INVALID_ARGUMENT)


def test_a_long_string_is_not_repeated_without_bound(stub):
    request = predict_request({"word": ["a" * (1 << 20)]})
    request.inputs["word"].tensor_shape.dim[0].size = 1000
    assert "larger" in refusal(stub.Predict, request, grpc.StatusCode.INVALID_ARGUMENT)


def test_inputs_together_are_bounded(stub):
    ids = np.zeros([1000, 5000], np.int32)
    request = predict_request({"ids": ids[:, :1], "lengths": np.ones(1000, np.int32)}, "lexicon")
    request.model_spec.signature_name = "ids"
    request.inputs["ids"].tensor_shape.dim[1].size = 8389
    assert "larger" in refusal(stub.Predict, request, grpc.StatusCode.INVALID_ARGUMENT)


def test_defaults_are_filled_in(stub):
    full = {"word": ["photo", "x"], "length_penalty": np.float32([0.5]), "max_length": [4]}
    full["max_length"] = np.int32([4])
    expected = stub.Predict(predict_request(full), timeout=20)
    for left_out in (["length_penalty"], ["max_length"], ["length_penalty", "max_length"]):
        inputs = {name: value for name, value in full.items() if name not in left_out}
        assert stub.Predict(predict_request(inputs), timeout=20) == expected
    details = refusal(
        stub.Predict,
        predict_request({"word": ["a"], "more": [1]}),
        grpc.StatusCode.INVALID_ARGUMENT,
    )
    assert "Sent extra: {more}. Missing but required: {}" in details
    details = refusal(stub.Predict, predict_request({}), grpc.StatusCode.INVALID_ARGUMENT)
    assert "Sent extra: {}. Missing but required: {word}" in details


def test_the_health_service(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    names = ["", "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"]
    for name in names:
        request = health_pb2.HealthCheckRequest(service=name)
        assert stub.Check(request, timeout=20).status == health_pb2.HealthCheckResponse.SERVING
        first = next(stub.Watch(request, timeout=20))
        assert first.status == health_pb2.HealthCheckResponse.SERVING
    absent = health_pb2.HealthCheckRequest(service="absent")
    refusal(stub.Check, absent, grpc.StatusCode.NOT_FOUND)
    unknown = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    assert next(stub.Watch(absent, timeout=20)).status == unknown


def test_reflection_names_the_services_and_their_messages(channel):
    found = ProtoReflectionDescriptorDatabase(channel)
    assert {
        "tensorflow.serving.PredictionService",
        "tensorflow.serving.ModelService",
        "grpc.health.v1.Health",
    } <= set(found.get_services())
    file = found.FindFileContainingSymbol("tensorflow.serving.PredictionService")
    (service,) = [s for s in file.service if s.name == "PredictionService"]
    assert "Predict" in [method.name for method in service.method]


def test_bytes_that_are_no_message_do_no_harm(channel, stub):
    raw = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    with pytest.raises(grpc.RpcError) as caught:
        raw(b"\xff" * 50, timeout=20)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "Traceback" not in caught.value.details()
    assert stub.Predict(predict_request({"word": ["a"]}), timeout=20).outputs


def test_metadata(stub):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "lexicon"
    response = stub.GetModelMetadata(request, timeout=20)
    found = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(found)
    assert set(found.signature_def) == {"serving_default", "ids", "scaled", "scalar"}
    assert found.signature_def["scaled"].defaults["factor"].float_val == [2.0]
    assert response.model_spec.version.value == 1
    request.metadata_field[:] = ["weights"]
    refusal(stub.GetModelMetadata, request, grpc.StatusCode.INVALID_ARGUMENT)


def test_status(status_stub):
    request = get_model_status_pb2.GetModelStatusRequest()
    refusal(status_stub.GetModelStatus, request, grpc.StatusCode.INVALID_ARGUMENT)
    request.model_spec.name = "stepper"
    (found,) = status_stub.GetModelStatus(request, timeout=20).model_version_status
    assert found.version == 7
    assert found.state == get_model_status_pb2.ModelVersionStatus.AVAILABLE
    assert found.status.error_code == 0
    request.model_spec.version.value = 8
    refusal(status_stub.GetModelStatus, request, grpc.StatusCode.NOT_FOUND)


def example(text):
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()]))
    return tf.train.Example(features=tf.train.Features(feature={"text": feature}))


def test_classify_regress_and_both_at_once(stub):
    classify = classification_pb2.ClassificationRequest()
    classify.model_spec.name = "judge"
    classify.input.example_list.examples.extend([example("ab"), example("abcde")])
    answer = stub.Classify(classify, timeout=20)
    scores = [[(c.label, c.score) for c in row.classes] for row in answer.result.classifications]
    assert scores == [[("long", 2), ("short", 8)], [("long", 5), ("short", 5)]]

    regress = regression_pb2.RegressionRequest(input=classify.input)
    regress.model_spec.name = "judge"
    regress.model_spec.signature_name = "length"
    values = [r.value for r in stub.Regress(regress, timeout=20).result.regressions]
    assert values == [2, 5]

    both = inference_pb2.MultiInferenceRequest(input=classify.input)
    for method, signature in (("classify", ""), ("regress", "length")):
        task = both.tasks.add(method_name=f"tensorflow/serving/{method}")
        task.model_spec.name, task.model_spec.signature_name = "judge", signature
    first, second = stub.MultiInference(both, timeout=20).results
    assert first.classification_result == answer.result
    assert [r.value for r in second.regression_result.regressions] == [2, 5]


def test_classify_refuses_other_signatures_and_no_examples(stub):
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name = "judge"
    refusal(stub.Classify, request, grpc.StatusCode.INVALID_ARGUMENT)
    request.input.example_list.examples.add()
    request.model_spec.signature_name = "length"
    refusal(stub.Classify, request, grpc.StatusCode.INVALID_ARGUMENT)
    request.model_spec.signature_name = "none"
    refusal(stub.Classify, request, grpc.StatusCode.INVALID_ARGUMENT)
