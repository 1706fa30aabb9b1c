"""A client of TensorFlow Serving's interfaces, over REST or gRPC."""

import random
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from zoo.errors import InputError, unknown_name
from zoo.serving.authorisation import check_token
from zoo.serving.status import Code, ServingError

# A predict call changes nothing, so it may be sent again; what fails for good is not.
_WORTH_RETRYING = {Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED}
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0


class Client:
    """Asks a TensorFlow Serving server, or the embedded one, for predictions.

    It reads the model's metadata once and with that casts inputs to the right types, puts in the
    defaults of inputs left out (over REST TensorFlow Serving itself would refuse), and gives names
    and types to the outputs.

    Args:
        address: "http://host:port" or "https://..." for REST, "grpc://host:port" or "grpcs://..."
            for gRPC.
        timeout: Seconds for a call with all its retries.
        retries: How often a call is sent again that the server could not take (it was
            unavailable, or its queue was full), with growing pauses between.
        token: A bearer token.
        ca_file: PEM file of the authority that signed the server's certificate, if it is not one
            that the system trusts.

    Example:

        client = Client("http://localhost:8501")
        client.predict("g2p", {"text": ["photograph"]})["text"]
    """

    def __init__(
        self,
        address: str = "http://localhost:8501",
        *,
        timeout: float = 30.0,
        retries: int = 3,
        token: str | None = None,
        ca_file: str | None = None,
    ):
        check_token(token)
        parts = urlsplit(address)
        if parts.scheme in ("http", "https") and parts.netloc:
            from zoo.serving.rest_transport import RestTransport

            self._transport: Any = RestTransport(address.rstrip("/"), token, ca_file)
        elif parts.scheme in ("grpc", "grpcs") and parts.netloc:
            from zoo.serving.grpc_transport import GrpcTransport

            secure = parts.scheme == "grpcs"
            self._transport = GrpcTransport(parts.netloc, secure, token, ca_file)
        else:
            raise InputError(
                f"an address is http://host:port or grpc://host:port (or https, grpcs), "
                f"not {address!r}"
            )
        self._timeout = timeout
        self._retries = retries
        self._signatures: dict[tuple, dict[str, Any]] = {}

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    def predict(
        self,
        model: str,
        inputs: Mapping[str, Any],
        signature_name: str = "serving_default",
        version: int | None = None,
        label: str | None = None,
    ) -> dict[str, np.ndarray]:
        """Runs a signature.

        Args:
            model: The model's name.
            inputs: {input name: array or nested list}; text as str or bytes. Inputs with a default
                may be left out.
            signature_name: Which signature.
            version: Default: the newest, or the one that `label` stands for.
            label: Such as "stable"; not together with `version`.

        Returns:
            {output name: array}; strings are object arrays of bytes.

        Raises:
            ServingError: The server's status: NOT_FOUND for an unknown model, and so on.
            InputError: An input that the signature does not have, or a required one left out.
        """
        if version is not None and label is not None:
            raise InputError("give a version or a label, not both")
        deadline = time.monotonic() + self._timeout
        place = (model, version, label)
        fresh = place not in self._signatures
        try:
            return self._predict(place, inputs, signature_name, deadline)
        except (InputError, ServingError) as error:
            refused = isinstance(error, InputError) or error.code in (
                Code.INVALID_ARGUMENT,
                Code.FAILED_PRECONDITION,
            )
            if fresh or not refused:
                raise
        # The server may have gone on to a version with another signature.
        del self._signatures[place]
        return self._predict(place, inputs, signature_name, deadline)

    def _predict(self, place, inputs, signature_name, deadline) -> dict[str, np.ndarray]:
        if place not in self._signatures:
            metadata = self._call(lambda left: self._transport.metadata(*place, left), deadline)
            self._signatures[place] = metadata["signatures"]
        signatures = self._signatures[place]
        if signature_name not in signatures:
            raise unknown_name("signature", signature_name, signatures)
        signature = signatures[signature_name]
        arrays = _complete(signature, inputs, signature_name)
        return self._call(
            lambda left: self._transport.predict(*place, signature_name, signature, arrays, left),
            deadline,
        )

    def metadata(
        self, model: str, version: int | None = None, label: str | None = None
    ) -> dict[str, Any]:
        """Returns {"model", "version", "signatures"}; a signature has inputs, outputs, defaults."""
        deadline = time.monotonic() + self._timeout
        found = self._call(
            lambda left: self._transport.metadata(model, version, label, left), deadline
        )
        return {
            "model": model,
            "version": found["version"],
            "signatures": {
                name: {
                    "inputs": {k: _describe(v) for k, v in sorted(s.inputs.items())},
                    "outputs": {k: _describe(v) for k, v in sorted(s.outputs.items())},
                    "defaults": {k: v.tolist() for k, v in _defaults(s).items()},
                }
                for name, s in sorted(found["signatures"].items())
            },
        }

    def status(self, model: str, version: int | None = None) -> list[dict[str, Any]]:
        """Returns a dict a version, newest first: version, state, error_code, error_message."""
        deadline = time.monotonic() + self._timeout
        return self._call(lambda left: self._transport.status(model, version, left), deadline)

    def _call(self, send: Callable[[float], Any], deadline: float) -> Any:
        pause = _FIRST_PAUSE
        for attempt in range(self._retries + 1):
            left = deadline - time.monotonic()
            if left <= 0:
                raise ServingError(Code.DEADLINE_EXCEEDED, f"no answer in {self._timeout} s")
            try:
                return send(left)
            except ServingError as error:
                left = deadline - time.monotonic()
                last = attempt == self._retries
                # 413: the same request would be too long again.
                hopeless = error.code not in _WORTH_RETRYING or error.http_status == 413
                if hopeless or last or left <= pause:
                    raise
            # Many clients that were refused together must not come back together.
            time.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, _LONGEST_PAUSE)
        raise AssertionError("unreachable")


def _defaults(signature) -> dict[str, np.ndarray]:
    import tensorflow as tf

    return {key: tf.make_ndarray(proto) for key, proto in sorted(signature.defaults.items())}


def _describe(info) -> dict[str, Any]:
    import tensorflow as tf

    shape = [d.size if d.size >= 0 else None for d in info.tensor_shape.dim]
    return {
        "dtype": tf.dtypes.as_dtype(info.dtype).name,
        "shape": None if info.tensor_shape.unknown_rank else shape,
    }


def _complete(signature, inputs: Mapping[str, Any], name: str) -> dict[str, np.ndarray]:
    """Casts the inputs and adds the recorded default of each that is left out."""
    for key in inputs:
        if key not in signature.inputs:
            raise unknown_name(f"input of signature {name}", key, signature.inputs)
    missing = sorted(set(signature.inputs) - set(inputs) - set(signature.defaults))
    if missing:
        raise InputError(f"signature {name} needs the input {missing[0]!r}")
    arrays = {key: _cast(value, signature.inputs[key], key) for key, value in inputs.items()}
    with_rows = {
        key
        for key, info in signature.inputs.items()
        if info.tensor_shape.dim and info.tensor_shape.dim[0].size < 0
    }
    rows = {len(arrays[key]) for key in with_rows & set(arrays)}
    for key, default in _defaults(signature).items():
        if key in arrays:
            continue
        # Batching in TensorFlow Serving needs as many rows in each input.
        if key in with_rows and default.shape[:1] == (1,) and len(rows) == 1:
            default = np.repeat(default, next(iter(rows)), axis=0)
        arrays[key] = default
    return arrays


def _cast(value: Any, info, name: str) -> np.ndarray:
    import tensorflow as tf

    dtype = tf.dtypes.as_dtype(info.dtype)
    try:
        if dtype == tf.string:
            array = np.asarray(value, dtype=object)
            flat = [v.encode() if isinstance(v, str) else bytes(v) for v in array.ravel()]
            array = np.empty(array.shape, dtype=object)
            array.ravel()[:] = flat
        else:
            array = np.asarray(value)
            cast = array.astype(dtype.as_numpy_dtype)
            if dtype.is_integer and array.size and not np.array_equal(cast, array):
                raise ValueError("it holds numbers that the type cannot")
            array = cast
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"input {name!r} cannot be a {dtype.name} tensor: {error}") from None
    return array
