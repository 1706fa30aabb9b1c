"""The client's gRPC half, on the stubs of `tensorflow-serving-api`."""

from pathlib import Path
from typing import Any

from zoo.errors import InputError
from zoo.serving.optional_packages import load, load_api
from zoo.serving.status import Code, ServingError
from zoo.serving.tensors import to_array, to_proto

_NEEDED_FOR = "the client"


class GrpcTransport:
    """Sends calls as protobuf messages.

    Args:
        target: "host:port".
        secure: Whether to use TLS.
        token: A bearer token, or None.
        ca_file: The authority for TLS, or None for the system's.
    """

    def __init__(self, target: str, secure: bool, token: str | None, ca_file: str | None):
        self._grpc = load("grpc", _NEEDED_FOR)
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        if secure:
            try:
                roots = Path(ca_file).read_bytes() if ca_file else None
            except OSError as error:
                raise InputError(f"cannot read {ca_file}: {error.strerror}") from None
            credentials = self._grpc.ssl_channel_credentials(roots)
            self._channel = self._grpc.secure_channel(target, credentials, options)
        else:
            self._channel = self._grpc.insecure_channel(target, options)
        self._call_metadata = [("authorization", f"Bearer {token}")] if token else None
        prediction = load_api("prediction_service_pb2_grpc", _NEEDED_FOR)
        model = load_api("model_service_pb2_grpc", _NEEDED_FOR)
        self._prediction = prediction.PredictionServiceStub(self._channel)
        self._model = model.ModelServiceStub(self._channel)

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()

    def predict(self, model, version, label, name, signature, arrays, timeout) -> dict:
        """Sends a PredictRequest."""
        request = load_api("predict_pb2", _NEEDED_FOR).PredictRequest()
        _fill_spec(request.model_spec, model, version, label)
        request.model_spec.signature_name = name
        for key, array in arrays.items():
            to_proto(array, request.inputs[key])
        response = self._ask(self._prediction.Predict, request, timeout)
        return {key: to_array(v, key, float("inf")) for key, v in response.outputs.items()}

    def metadata(self, model, version, label, timeout) -> dict[str, Any]:
        """Fetches the version and the signatures, as SignatureDef messages."""
        metadata_pb2 = load_api("get_model_metadata_pb2", _NEEDED_FOR)
        request = metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        _fill_spec(request.model_spec, model, version, label)
        response = self._ask(self._prediction.GetModelMetadata, request, timeout)
        found = metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(found)
        signatures = {k: v for k, v in found.signature_def.items() if not k.startswith("__")}
        return {"version": response.model_spec.version.value, "signatures": signatures}

    def status(self, model, version, timeout) -> list[dict[str, Any]]:
        """Fetches the state of the versions."""
        status_pb2 = load_api("get_model_status_pb2", _NEEDED_FOR)
        request = status_pb2.GetModelStatusRequest()
        _fill_spec(request.model_spec, model, version, None)
        response = self._ask(self._model.GetModelStatus, request, timeout)
        return [
            {
                "version": entry.version,
                "state": status_pb2.ModelVersionStatus.State.Name(entry.state),
                "error_code": Code(entry.status.error_code).name,
                "error_message": entry.status.error_message,
            }
            for entry in response.model_version_status
        ]

    def _ask(self, call, request, timeout: float):
        try:
            return call(request, timeout=timeout, metadata=self._call_metadata)
        except self._grpc.RpcError as error:
            raise ServingError(Code(error.code().value[0]), error.details() or "") from None


def _fill_spec(spec, model: str, version: int | None, label: str | None) -> None:
    spec.name = model
    if version is not None:
        spec.version.value = version
    elif label is not None:
        spec.version_label = label
