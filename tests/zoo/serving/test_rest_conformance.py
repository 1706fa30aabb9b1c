"""What TensorFlow Serving's REST interface takes, refuses and answers, case by case, over the wire.

Each row is a fact of its sources: util/json_tensor.cc (bodies), model_servers/http_rest_api_util.cc
(addresses), model_servers/http_server.cc (statuses), as of version 2.16. An expected answer is
either the whole JSON of a 200, or a status and a part of the error's words.
"""

import base64
import gzip
import json
import math

import httpx
import numpy as np
import pytest
import tensorflow as tf

from zoo.serving import Server

TYPES = (
    "float32",
    "float64",
    "int8",
    "uint8",
    "int16",
    "int32",
    "int64",
    "uint32",
    "uint64",
    "bool",
)
TYPES = (*TYPES, "string", "float16")


class Mirror(tf.Module):
    """Gives back what it gets: a signature for each type, and some of several inputs."""

    def __init__(self):
        super().__init__()
        self.one = tf.Variable(1.0)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="word"),
            tf.TensorSpec([None], tf.float32, name="weight"),
        ]
    )
    def pair(self, word, weight=tf.constant([0.5])):  # noqa: B008
        weight = tf.broadcast_to(weight, tf.shape(word)) * self.one
        return {"word": word, "weight": weight}

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.float32, name="x")])
    def matrix(self, x):
        return {"y": x * self.one}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def raw(self, text):
        return {"text_bytes": text, "same": tf.strings.length(text)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def uneven(self, x):
        return {"one": x[:1], "x": x}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def total(self, x):
        return {"sum": tf.reduce_sum(x)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def halves(self, x):
        return {"y": tf.cast(x, tf.float16)}

    def of_type(self, name: str):
        @tf.function(input_signature=[tf.TensorSpec([None], name, name="x")])
        def same(x):
            return {"y": tf.identity(x)}

        return same


@pytest.fixture(scope="module")
def http(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mirror")
    module = Mirror()
    signatures = {name: module.of_type(name) for name in TYPES}
    for name in ("matrix", "raw", "uneven", "total", "halves"):
        signatures[name] = getattr(module, name)
    # The folder's name is the example of TensorFlow Serving's own documentation.
    tf.saved_model.save(
        module, str(folder / "00000123"), {**signatures, "serving_default": module.pair}
    )
    with (
        Server(models={"mirror": folder}, rest_port=0, grpc_port=None, poll_seconds=0) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{server.rest_port}", timeout=20) as client,
    ):
        yield client


def columns(value, signature="matrix"):
    return json.dumps({"signature_name": signature, "inputs": value})


def rows(value, signature="matrix"):
    return json.dumps({"signature_name": signature, "instances": value})


def outputs(value):
    return {"outputs": value}


def predictions(value):
    return {"predictions": value}


def of_type(name, *values):
    """A body in columns for the signature of a type, its numbers as they stand."""
    return f'{{"signature_name": "{name}", "inputs": [{", ".join(values)}]}}'


PAIR = [{"word": "a", "weight": 1.5}, {"word": "b", "weight": 2}]
DEEP = "[" * 50_000 + "]" * 50_000
B64 = base64.b64encode(b"hello").decode()

ANSWERED = {
    # Rows and columns, named and plain.
    "rows, named": (
        json.dumps({"instances": PAIR}),
        predictions([{"weight": 1.5, "word": "a"}, {"weight": 2.0, "word": "b"}]),
    ),
    "rows, plain": (rows([[1, 2], [3, 4]]), predictions([[1.0, 2.0], [3.0, 4.0]])),
    "rows, one input named": (rows([{"x": [1]}, {"x": [2]}]), predictions([[1.0], [2.0]])),
    "columns, named": (
        json.dumps({"inputs": {"word": ["a"], "weight": [2]}}),
        outputs({"weight": [2.0], "word": ["a"]}),
    ),
    "columns, plain": (columns([[1.5, -2]]), outputs([[1.5, -2.0]])),
    "columns, one input named": (columns({"x": [[1]]}), outputs([[1.0]])),
    "a name more in columns is not read": (
        columns({"x": [[1]], "other": {"deep": [None]}}),
        outputs([[1.0]]),
    ),
    "other keys are not read": (
        '{"signature_name": "matrix", "inputs": [[1]], "examples": 7}',
        outputs([[1.0]]),
    ),
    "an unread part, however deep": (
        f'{{"signature_name": "matrix", "inputs": [[1]], "other": {DEEP}}}',
        outputs([[1.0]]),
    ),
    "an unread column, however deep": (
        f'{{"signature_name": "matrix", "inputs": {{"x": [[1]], "other": {DEEP}}}}}',
        outputs([[1.0]]),
    ),
    "an empty signature name is the default": (
        json.dumps({"signature_name": "", "instances": PAIR[:1]}),
        predictions([{"weight": 1.5, "word": "a"}]),
    ),
    # Empty arrays.
    "no rows in columns": (
        columns({"word": [], "weight": []}, ""),
        outputs({"weight": [], "word": []}),
    ),
    "empty rows": (rows([[], []]), predictions([[], []])),
    # Numbers.
    "whole numbers for floats": (
        of_type("float32", "1", "-2", "16777217"),
        outputs([1.0, -2.0, 16777216.0]),
    ),
    "a float beyond float32 is infinite": (
        of_type("float32", "1e39", "-1e300"),
        outputs([math.inf, -math.inf]),
    ),
    "a whole number beyond uint64": (
        of_type("float32", "18446744073709551616"),
        outputs([1.84467441e19]),
    ),
    "infinity": (of_type("float64", "Infinity", "-Infinity"), outputs([math.inf, -math.inf])),
    "a double keeps its digits": (
        of_type("float64", "0.1", "123456789.123456"),
        outputs([0.1, 123456789.123456]),
    ),
    "a float is written with six digits where they name it": (
        of_type("float32", "0.1", "3e-05", "555557.5"),
        outputs([0.1, 3e-05, 555557.5]),
    ),
    "a float is written with nine digits elsewhere": (
        of_type("float32", "0.123456789", "16777215"),
        outputs([0.123456791, 16777215.0]),
    ),
    "the least and the most of int32": (
        of_type("int32", "-2147483648", "2147483647"),
        outputs([-(2**31), 2**31 - 1]),
    ),
    "the least and the most of int64": (
        of_type("int64", "-9223372036854775808", "9223372036854775807"),
        outputs([-(2**63), 2**63 - 1]),
    ),
    "the most of uint32": (of_type("uint32", "4294967295"), outputs([2**32 - 1])),
    "the most of uint64": (of_type("uint64", "18446744073709551615"), outputs([2**64 - 1])),
    "a narrow integer keeps the lowest bits": (of_type("int8", "300", "-1"), outputs([44, -1])),
    "a narrow unsigned integer too": (of_type("uint8", "300", "-1"), outputs([44, 255])),
    "booleans": (of_type("bool", "true", "false"), outputs([True, False])),
    # Text and bytes.
    "text": (of_type("string", '"naïve"', r'"\u732b\ud83d\ude00"'), outputs(["naïve", "猫😀"])),
    "base64": (of_type("string", f'{{"b64": "{B64}"}}'), outputs(["hello"])),
    "base64 in rows": (
        f'{{"signature_name": "string", "instances": [{{"b64": "{B64}"}}, "x"]}}',
        predictions(["hello", "x"]),
    ),
    "base64 without padding": (of_type("string", '{"b64": "aGk"}'), outputs(["hi"])),
    "base64 with spaces and points": (of_type("string", '{"b64": " aG k. "}'), outputs(["hi"])),
    "an object of b64 is a value in columns": (
        '{"signature_name": "raw", "inputs": {"text": [{"b64": "/w=="}]}}',
        outputs({"same": [1], "text_bytes": [{"b64": "/w=="}]}),
    ),
    "bytes that are no UTF-8": (
        b'{"signature_name": "raw", "inputs": ["\xff\xfe"]}',
        outputs({"same": [2], "text_bytes": [{"b64": "//4="}]}),
    ),
    "a byte order mark": (b'\xef\xbb\xbf{"signature_name": "int32", "inputs": [1]}', outputs([1])),
    # Outputs.
    "columns need no common size": (
        columns([1, 2], "uneven"),
        outputs({"one": [1.0], "x": [1.0, 2.0]}),
    ),
    "an output without a batch in columns": (columns([1, 2], "total"), outputs(3.0)),
}

REFUSED = {
    # The document.
    "no body": ("", 400, "JSON Parse error: The document is empty"),
    "half a document": ("{", 400, "JSON Parse error"),
    "something after it": ("{} x", 400, "JSON Parse error"),
    "a list": ("[1]", 400, "Is not object"),
    "UTF-16": ('{"instances": ["a"]}'.encode("utf-16"), 400, "JSON Parse error"),
    "half of a pair": (of_type("string", r'"\ud800"'), 400, "surrogate pair"),
    "the other half": (of_type("string", r'"\udfff"'), 400, "surrogate pair"),
    "a number beyond float64": (of_type("float32", "1e400"), 400, "Number too big"),
    "many digits": (of_type("float32", "1" * 400), 400, "Number too big"),
    "neither key": ("{}", 400, "Missing 'inputs' or 'instances' key"),
    "both keys": (
        '{"inputs": [[1]], "instances": [[1]]}',
        400,
        "only one of 'inputs' or 'instances'",
    ),
    "a signature name that is a number": (
        '{"signature_name": 1, "inputs": [[1]]}',
        400,
        "'signature_name' key must be a string value",
    ),
    "an unknown signature": (
        columns([1], "absent"),
        400,
        'Serving signature name: "absent" not found in signature def',
    ),
    # Rows.
    "rows that are no list": (rows("a"), 400, "to be an list/array"),
    "no rows": (rows([]), 400, "No values in 'instances' array"),
    "plain rows for two inputs": (
        json.dumps({"instances": ["a"]}),
        400,
        "instances is a plain list, but expecting list of objects",
    ),
    "a default left out of a row": (
        json.dumps({"instances": [{"word": "a"}]}),
        400,
        "keys must be equal to: weight,word",
    ),
    "a default left out of the second row": (
        json.dumps({"instances": [*PAIR, {"word": "a"}]}),
        400,
        "Failed to process element: 2",
    ),
    "a name more in a row": (
        json.dumps({"instances": [{**PAIR[0], "x": 1}]}),
        400,
        "does not have named input: x",
    ),
    "an object, then a list": (
        json.dumps({"instances": [PAIR[0], ["b"]]}),
        400,
        "Expecting object but got list at item 1",
    ),
    "a list, then an object": (
        rows([[1], {"x": [1]}]),
        400,
        "Expecting value/list but got object at item 1",
    ),
    "rows of unequal sizes": (
        rows([[1, 2], [3, 4], [5]]),
        400,
        "Expecting tensor size: 2 but got: 1",
    ),
    "rows of unequal shapes": (rows([[1, 2], [[3, 4]]]), 400, "Expecting shape [2] but got: [1,2]"),
    "named rows of unequal sizes": (
        rows([{"x": [1]}, {"x": [1, 2]}]),
        400,
        "Failed to process element: 1 key: x of 'instances' list. Error: INVALID_ARGUMENT: "
        "Expecting tensor size: 1 but got: 2",
    ),
    "a wrong type in a row": (
        rows([[1], ["a"]]),
        400,
        'JSON Value: "a" Type: String is not of expected type: float',
    ),
    # Columns.
    "a plain column for two inputs": (
        json.dumps({"inputs": ["a"]}),
        400,
        "inputs is a plain value/list, but expecting an object",
    ),
    "base64 for two inputs": (
        json.dumps({"inputs": {"b64": B64}}),
        400,
        "inputs is a plain value/list",
    ),
    "a default left out of columns": (
        json.dumps({"inputs": {"word": ["a"]}}),
        400,
        "Missing named input: weight in 'inputs' object.",
    ),
    "an empty object": (columns({}), 400, "Missing named input: x in 'inputs' object."),
    "null": (columns(None), 400, "JSON Value: null Type: Null is not of expected type: float"),
    "lists of unequal lengths": (
        columns([[1, 2], [3]]),
        400,
        "Encountered list at unexpected size: 1 at level: 1 expected size: 2",
    ),
    "a list too deep": (
        columns([1, [2]]),
        400,
        "Encountered list at unexpected level: 1 expected < 1",
    ),
    "a value too high": (
        columns([[1], 2]),
        400,
        "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2",
    ),
    "a read part that is very deep": (
        f'{{"signature_name": "matrix", "inputs": {DEEP}}}',
        400,
        "tensor parsing error: x",
    ),
    # Types.
    "a boolean for a float": (
        of_type("float32", "true"),
        400,
        "Type: True is not of expected type: float",
    ),
    "an object for a float": (
        of_type("float32", "{}"),
        400,
        "Type: Object is not of expected type: float",
    ),
    "a fraction for an integer": (
        of_type("int32", "1.0"),
        400,
        "JSON Value: 1.0 Type: Number is not of expected type: int32",
    ),
    "a string for an integer": (of_type("int64", '"1"'), 400, "is not of expected type: int64"),
    "beyond int32": (
        of_type("int32", "2147483648"),
        400,
        "JSON Value: 2147483648 Type: Number is not of expected type: int32",
    ),
    "beyond int64": (
        of_type("int64", "9223372036854775808"),
        400,
        "is not of expected type: int64",
    ),
    "below uint32": (of_type("uint32", "-1"), 400, "is not of expected type: uint32"),
    "beyond uint64": (
        of_type("uint64", "18446744073709551616"),
        400,
        "is not of expected type: uint64",
    ),
    "a number for a boolean": (of_type("bool", "1"), 400, "is not of expected type: bool"),
    "a number for text": (of_type("string", "1"), 400, "is not of expected type: string"),
    "null for text": (of_type("string", "null"), 400, "Type: Null is not of expected type: string"),
    "another object for text": (
        of_type("string", '{"c64": ""}'),
        400,
        "not formatted correctly for base64 data",
    ),
    "b64 that is no string": (
        of_type("string", '{"b64": 1}'),
        400,
        "not formatted correctly for base64 data",
    ),
    "broken base64": (of_type("string", '{"b64": "***"}'), 400, "Unable to base64 decode"),
    "base64 with wrong padding": (
        of_type("string", '{"b64": "aGk=="}'),
        400,
        "Unable to base64 decode",
    ),
    "a type without JSON": (
        of_type("float16", "1"),
        501,
        "Conversion of JSON Value: 1 to type: half",
    ),
    # Outputs.
    "rows of unequal outputs": (
        rows([1, 2], "uneven"),
        400,
        "Tensor name: x has inconsistent batch size: 2 expecting: 1",
    ),
    "rows of an output without a batch": (
        rows([1, 2], "total"),
        400,
        "Tensor name: sum has no shape information",
    ),
    "an output without JSON": (
        of_type("halves", "1"),
        400,
        "Failed to write JSON value for tensor type: half",
    ),
}

ADDRESSES = [
    ("GET", "/v1/models/mirror", 200, "AVAILABLE"),
    ("GET", "/v1/models/mirror/versions/123", 200, '"123"'),
    ("GET", "/v1/models/mirror/versions/00123", 200, '"123"'),
    ("GET", "/V1/Models/mirror/METADATA", 200, "model_version_status"),
    ("GET", "/v1/models/mirror/metadata", 200, "signature_def"),
    ("GET", "/v1/models/mirror/versions/9", 404, "Could not find version 9 of model mirror"),
    ("GET", "/v1/models/absent", 404, "Could not find any versions of model absent"),
    ("GET", "/v1/models", 400, "Missing model name in request."),
    ("GET", "/v1/models/", 400, "Malformed request: GET /v1/models/"),
    ("GET", "/v1/models/mirror?x=1", 404, "Could not find any versions of model mirror?x=1"),
    ("GET", "/v1/models/mirror:predict", 400, "Malformed request: GET /v1/models/mirror:predict"),
    ("GET", "/v1/nonsense", 400, "Malformed request: GET /v1/nonsense"),
    ("GET", "/nonsense", 404, ""),
    ("DELETE", "/v1/models/mirror:predict", 400, "Malformed request: DELETE"),
    ("POST", "/v1/models/mirror", 400, "Malformed request: POST /v1/models/mirror"),
    ("POST", "/v1/models/mirror:explain", 400, "Malformed request: POST"),
    ("POST", "/v1/models/mirror:PREDICT", 400, "Malformed request: POST"),
    ("POST", "/V1/MODELS/mirror:predict", 200, "predictions"),
    ("POST", "/v1/models/m%69rror:predict", 200, "predictions"),
    ("POST", "/v1/models/mirror/versions/00000123:predict", 200, "predictions"),
    (
        "POST",
        "/v1/models/mirror/versions/9:predict",
        404,
        "Servable not found for request: Specific(mirror, 9)",
    ),
    (
        "POST",
        "/v1/models/mirror/versions/9223372036854775807:predict",
        404,
        "Specific(mirror, 9223372036854775807)",
    ),
    (
        "POST",
        "/v1/models/mirror/versions/9223372036854775808:predict",
        400,
        "Failed to convert version: 9223372036854775808 to numeric.",
    ),
    (
        "POST",
        f"/v1/models/mirror/versions/{'9' * 5000}:predict",
        400,
        "Failed to convert version: 999",
    ),
    (
        "POST",
        "/v1/models/mirror/labels/stable:predict",
        400,
        "Unrecognized servable version label: stable",
    ),
    ("POST", "/v1/models/absent:predict", 404, "Servable not found for request: Latest(absent)"),
]


def same(found, expected) -> bool:
    """Equal JSON, whole numbers and fractions apart, as `==` does not tell them."""
    return repr(found) == repr(expected)


@pytest.mark.parametrize("case", ANSWERED)
def test_what_is_answered(http, case):
    body, expected = ANSWERED[case]
    response = http.post("/v1/models/mirror:predict", content=body)
    assert response.status_code == 200, response.text
    assert same(json.loads(response.content), expected)


def test_not_a_number_is_answered(http):
    response = http.post("/v1/models/mirror:predict", content=of_type("float32", "NaN"))
    assert response.content == b'{"outputs": [NaN]}'


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(http, case):
    body, status, says = REFUSED[case]
    response = http.post("/v1/models/mirror:predict", content=body)
    assert response.headers["content-type"] == "application/json"
    document = response.json()
    assert list(document) == ["error"]
    assert (response.status_code, says in document["error"]) == (status, True), document


@pytest.mark.parametrize(("method", "address", "status", "says"), ADDRESSES)
def test_addresses(http, method, address, status, says):
    body = json.dumps({"instances": PAIR}) if method == "POST" else None
    response = http.request(method, address, content=body)
    assert (response.status_code, says in json.dumps(response.json())) == (status, True), (
        response.text
    )


def packed(body: bytes) -> bytes:
    return gzip.compress(body)


GZIP = {
    "packed": (packed(columns([[1]]).encode()), 200, "outputs"),
    "no gzip": (b"plain", 400, "no gzip"),
    "cut": (packed(columns([[1]]).encode())[:-5], 400, "cut"),
    "ten megabytes and a byte": (
        packed(b" " * ((10 << 20) + 1)),
        400,
        "longer than 10485760 bytes",
    ),
    "a gigabyte in a megabyte": (
        packed(b"[" * (1 << 30))[: 1 << 20],
        400,
        "longer than 10485760 bytes",
    ),
}


@pytest.mark.parametrize("case", [c for c in GZIP])
def test_gzip_bodies(http, case):
    body, status, says = GZIP[case]
    headers = {"content-encoding": "gzip"}
    response = http.post("/v1/models/mirror:predict", content=body, headers=headers)
    assert (response.status_code, says in response.text) == (status, True), response.text


def test_every_float_is_read_as_tensorflow_serving_writes_it(http):
    """Six digits where they are enough, nine elsewhere, against `%g` of the C library."""
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**32, 900, dtype=np.uint32).view(np.float32)
    values = np.concatenate([bits[np.isfinite(bits)], rng.normal(size=100).astype(np.float32)])
    body = columns(values.astype(float).tolist(), "float32")
    found = http.post("/v1/models/mirror:predict", content=body).json()["outputs"]
    for value, number in zip(values, found, strict=True):
        six = f"{value:.6g}"
        assert number == float(six if np.float32(six) == value else f"{value:.9g}")
        assert np.float32(number) == value
