"""Every model in `saved_models/`, every signature: served answers equal the model's own."""

from pathlib import Path

import httpx
import numpy as np
import pytest
import tensorflow as tf

from zoo.references.versions import list_versions
from zoo.serving import Client, Server, signature_defaults
from zoo.serving.json_format import write_tensor
from zoo.serving.saved_model_files import public_signatures, read_meta_graph
from zoo.serving.warmup import read_warmup

SAVED_MODELS = Path(__file__).parents[3] / "saved_models"
NEWEST = {
    folder.name: folder / str(list_versions(folder)[-1])
    for folder in sorted(SAVED_MODELS.glob("*"))
    if list_versions(folder)
}


# Of each kind of input one model in the default run; the others with -m slow.
QUICK = {"g2p", "row_mnist"}
SERVED = [pytest.param(n, marks=[] if n in QUICK else [pytest.mark.slow]) for n in NEWEST]


@pytest.fixture(scope="module")
def zoo_server(request, tmp_path_factory):
    base = tmp_path_factory.mktemp("models")
    items = filter(_asks_server, request.session.items)
    wanted = {item.callspec.params["name"] for item in items}
    for name in wanted:
        (base / name).symlink_to(SAVED_MODELS / name)
    with Server(base, rest_port=0, grpc_port=0, poll_seconds=0) as running:
        yield running


def _asks_server(item) -> bool:
    return Path(__file__) == item.path and "zoo_server" in item.fixturenames


def requests_of(path: Path) -> list[tuple[str, dict[str, np.ndarray]]]:
    return [
        (
            request.model_spec.signature_name,
            {name: tf.make_ndarray(proto) for name, proto in request.inputs.items()},
        )
        for request in read_warmup(path)
    ]


def rows_of(path: Path, signature: str, inputs: dict) -> int:
    tensors = read_meta_graph(path).signature_def[signature].inputs
    sizes = [
        len(value)
        for name, value in inputs.items()
        if tensors[name].tensor_shape.dim and tensors[name].tensor_shape.dim[0].size < 0
    ]
    return sizes[0] if sizes else 1


def assert_same(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.dtype == expected.dtype and found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", NEWEST)
def test_a_server_is_warmed_up_by_what_is_there(name):
    signatures = set(public_signatures(read_meta_graph(NEWEST[name])))
    requested = {signature for signature, _ in requests_of(NEWEST[name])}
    assert "serving_default" in requested <= signatures


@pytest.mark.parametrize("name", SERVED)
def test_served_answers_equal_the_models_own(zoo_server, name):
    path = NEWEST[name]
    loaded = tf.saved_model.load(str(path))
    defaults = signature_defaults(path)
    rest = Client(f"http://127.0.0.1:{zoo_server.rest_port}", timeout=120)
    over_grpc = Client(f"grpc://127.0.0.1:{zoo_server.grpc_port}", timeout=120)
    for signature, inputs in requests_of(path):
        rows = rows_of(path, signature, inputs)
        full = dict(inputs)
        for key, default in defaults[signature].items():
            if key not in full:
                full[key] = np.repeat(default, rows, 0) if default.shape == (1,) else default
        expected = loaded.signatures[signature](**{k: tf.constant(v) for k, v in full.items()})
        for client in (rest, over_grpc):
            found = client.predict(name, inputs, signature)
            assert set(found) == set(expected)
            for key, tensor in expected.items():
                assert_same(found[key], tensor.numpy())


@pytest.mark.parametrize("name", SERVED)
def test_plain_http_in_columns(zoo_server, name):
    path = NEWEST[name]
    signature, inputs = requests_of(path)[0]
    # REST asks for inputs with a default too.
    inputs = {**signature_defaults(path)[signature], **inputs}
    body = {
        "signature_name": signature,
        "inputs": {key: write_tensor(value, "") for key, value in inputs.items()},
    }
    address = f"http://127.0.0.1:{zoo_server.rest_port}/v1/models/{name}:predict"
    answer = httpx.post(address, json=body, timeout=120)
    assert answer.status_code == 200, answer.text
    outputs = public_signatures(read_meta_graph(path))[signature].outputs
    if len(outputs) > 1:
        assert set(answer.json()["outputs"]) == set(outputs)
