"""The client's REST half."""

import base64
import json
from typing import Any
from urllib.parse import quote

import numpy as np

from zoo.serving.json_format import write_tensor
from zoo.serving.optional_packages import load
from zoo.serving.status import Code, ServingError, code_of_http


class RestTransport:
    """Sends calls in TensorFlow Serving's JSON.

    Args:
        address: "http://host:port".
        token: A bearer token, or None.
        ca_file: The authority for https, or None for the system's.
    """

    def __init__(self, address: str, token: str | None, ca_file: str | None):
        import ssl

        self._httpx = load("httpx", "the client")
        verify = ssl.create_default_context(cafile=ca_file) if ca_file else True
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = self._httpx.Client(base_url=address, headers=headers, verify=verify)
        self._address = address

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def predict(self, model, version, label, name, signature, arrays, timeout) -> dict:
        """Sends a predict request in columns."""
        inputs = {key: _write(array, key) for key, array in arrays.items()}
        body = json.dumps({"signature_name": name, "inputs": inputs}).encode()
        url = f"{_place(model, version, label)}:predict"
        answer = self._ask("POST", url, timeout, body)["outputs"]
        # A single output comes without its name.
        if len(signature.outputs) == 1:
            answer = {next(iter(signature.outputs)): answer}
        return {key: _read(answer[key], info) for key, info in signature.outputs.items()}

    def metadata(self, model, version, label, timeout) -> dict[str, Any]:
        """Fetches the version and the signatures, as SignatureDef messages."""
        from google.protobuf import json_format
        from tensorflow.core.protobuf import meta_graph_pb2

        found = self._ask("GET", f"{_place(model, version, label)}/metadata", timeout)
        signatures = {
            name: json_format.ParseDict(
                definition, meta_graph_pb2.SignatureDef(), ignore_unknown_fields=True
            )
            for name, definition in found["metadata"]["signature_def"]["signature_def"].items()
            if not name.startswith("__")
        }
        return {"version": int(found["model_spec"]["version"]), "signatures": signatures}

    def status(self, model, version, timeout) -> list[dict[str, Any]]:
        """Fetches the state of the versions."""
        found = self._ask("GET", _place(model, version, None), timeout)
        return [
            {
                "version": int(entry["version"]),
                "state": entry["state"],
                "error_code": entry["status"]["error_code"],
                "error_message": entry["status"]["error_message"],
            }
            for entry in found["model_version_status"]
        ]

    def _ask(self, method: str, url: str, timeout: float, body: bytes | None = None) -> dict:
        try:
            response = self._client.request(method, url, content=body, timeout=timeout)
        except self._httpx.TimeoutException:
            raise ServingError(Code.DEADLINE_EXCEEDED, f"no answer in {timeout:.3g} s") from None
        except self._httpx.TransportError as error:
            raise ServingError(Code.UNAVAILABLE, f"cannot reach {self._address}: {error}") from None
        try:
            document = json.loads(response.content)
        except ValueError:
            document = None
        if response.status_code != 200 or not isinstance(document, dict):
            text = document.get("error") if isinstance(document, dict) else None
            raise ServingError(
                code_of_http(response.status_code) or Code.INTERNAL,
                str(text or f"HTTP status {response.status_code} without a JSON body"),
                response.status_code,
            )
        return document


def _place(model: str, version: int | None, label: str | None) -> str:
    place = f"/v1/models/{quote(model, safe='')}"
    if version is not None:
        return f"{place}/versions/{version}"
    return place if label is None else f"{place}/labels/{quote(label, safe='')}"


def _write(array: np.ndarray, name: str) -> Any:
    if array.dtype.kind == "f" and array.dtype != np.float32:
        array = array.astype(np.float64)
    # Inputs need no "_bytes" in their name: text goes as text, all else as base64.
    return write_tensor(array, "" if array.dtype == object else name)


def _read(value: Any, info) -> np.ndarray:
    import tensorflow as tf

    dtype = tf.dtypes.as_dtype(info.dtype)
    if dtype != tf.string:
        return np.array(value, dtype=dtype.as_numpy_dtype)
    shape, flat = _flatten_strings(value)
    array = np.empty(len(flat), dtype=object)
    array[:] = flat
    return array.reshape(shape)


def _flatten_strings(value: Any) -> tuple[list[int], list[bytes]]:
    if isinstance(value, str):
        return [], [value.encode()]
    if isinstance(value, dict):
        return [], [base64.b64decode(value["b64"])]
    parts = [_flatten_strings(item) for item in value]
    shape = [len(value), *(parts[0][0] if parts else [])]
    return shape, [one for _, flat in parts for one in flat]
