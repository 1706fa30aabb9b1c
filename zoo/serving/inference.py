"""What a server does with a request, whichever transport it came by."""

import asyncio
import dataclasses
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from zoo.errors import InputError
from zoo.serving import examples, json_format, json_parser
from zoo.serving.batching import Batcher
from zoo.serving.model_config import configs_of_message
from zoo.serving.models import Models
from zoo.serving.optional_packages import load_api
from zoo.serving.servable import DEFAULT_SIGNATURE, Arrays, Servable, Signature
from zoo.serving.status import Code, ServingError, invalid
from zoo.serving.tensors import to_arrays, to_proto
from zoo.serving.workers import Workers

_HERE = "the embedded server"
# Longer bodies are parsed off the event loop, which must stay free for everybody else.
_LARGE_BODY = 1 << 16


@dataclasses.dataclass(frozen=True)
class Target:
    """The model, version or label, and signature that a request names."""

    model: str
    version: int | None = None
    label: str | None = None
    signature: str = ""

    @classmethod
    def of(cls, spec) -> "Target":
        """Reads a `ModelSpec`."""
        version = spec.version.value if spec.HasField("version") else None
        return cls(spec.name, version, spec.version_label or None, spec.signature_name)


class Inference:
    """Answers predict, classify, regress, metadata and status requests.

    Args:
        models: Lends the servables.
        batcher: Runs them.
        most_bytes: The most that one tensor of a request may take.
        most_rows: The most rows of one request.
        may_reload: Whether callers may change what is served.
    """

    def __init__(
        self,
        models: Models,
        batcher: Batcher,
        most_bytes: int,
        most_rows: int,
        may_reload: bool,
    ):
        self.models = models
        self.batcher = batcher
        self._most_bytes = most_bytes
        self._most_rows = most_rows
        # Two at a time: a parsed body takes several times its own memory.
        self._reloading = Workers("zoo-serving-reload")
        self._large_bodies = ThreadPoolExecutor(2, thread_name_prefix="zoo-serving-json")
        self._may_reload = may_reload

    async def _run(
        self,
        target: Target,
        read: Callable[[Signature], Arrays],
        deadline: float | None,
    ) -> tuple[Servable, Signature, dict[str, np.ndarray]]:
        with self.models.lend(target.model, target.version, target.label) as servable:
            signature = servable.signature(target.signature)
            inputs = signature.complete(read(signature), self._most_rows)
            outputs = await self._execute(servable, signature, inputs, deadline)
            return servable, signature, outputs

    def _execute(self, servable: Servable, signature: Signature, inputs: Arrays, deadline):
        return self.batcher.run(signature, inputs, deadline, servable.batching, servable)

    async def predict(self, request, deadline: float | None = None):
        """Answers a `PredictRequest` with a `PredictResponse`."""
        servable, signature, outputs = await self._run(
            Target.of(request.model_spec),
            lambda _: to_arrays(request.inputs, self._most_bytes),
            deadline,
        )
        response = load_api("predict_pb2", _HERE).PredictResponse()
        _fill_spec(response.model_spec, servable, signature.name)
        for name in _filtered(list(request.output_filter), signature):
            to_proto(outputs[name], response.outputs[name])
        return response

    async def predict_json(
        self, target: Target, body: bytes, deadline: float | None = None
    ) -> bytes:
        """Answers a predict request in TensorFlow Serving's JSON."""
        large = len(body) > _LARGE_BODY
        document = await self._maybe_off_loop(large, json_parser.parse_body, body)
        target = dataclasses.replace(target, signature=document.get("signature_name", ""))
        with self.models.lend(target.model, target.version, target.label) as servable:
            try:
                signature = servable.signature(target.signature)
            except ServingError:
                asked = target.signature or DEFAULT_SIGNATURE
                raise invalid(
                    f'Serving signature name: "{asked[:200]}" not found in signature def'
                ) from None
            inputs, in_rows = await self._maybe_off_loop(
                large, json_format.read_inputs, document, signature
            )
            inputs = signature.complete(inputs, self._most_rows)
            outputs = await self._execute(servable, signature, inputs, deadline)
        large = sum(array.size for array in outputs.values()) > _LARGE_BODY
        return await self._maybe_off_loop(large, json_format.write_outputs, outputs, in_rows)

    async def classify(self, request, deadline: float | None = None):
        """Answers a `ClassificationRequest`."""
        response = load_api("classification_pb2", _HERE).ClassificationResponse()
        await self._examples(
            request, examples.CLASSIFY, examples.fill_classification, response, deadline
        )
        return response

    async def regress(self, request, deadline: float | None = None):
        """Answers a `RegressionRequest`."""
        response = load_api("regression_pb2", _HERE).RegressionResponse()
        await self._examples(
            request, examples.REGRESS, examples.fill_regression, response, deadline
        )
        return response

    async def _examples(self, request, method: str, fill, response, deadline) -> None:
        serialised = examples.serialised_examples(request.input)
        try:
            servable, signature, outputs = await self._run(
                Target.of(request.model_spec),
                lambda signature: {examples.example_input(signature, method): serialised},
                deadline,
            )
        except ServingError as error:
            if "Serving signature key" in error.message:
                raise invalid(error.message) from None
            raise
        fill(outputs, len(serialised), response.result)
        _fill_spec(response.model_spec, servable, signature.name)

    async def examples_json(
        self, target: Target, method: str, body: bytes, deadline: float | None = None
    ) -> bytes:
        """Answers a classify or regress request in TensorFlow Serving's JSON."""
        document = await self._maybe_off_loop(len(body) > _LARGE_BODY, json_parser.parse_body, body)
        if method == "classify":
            request = load_api("classification_pb2", _HERE).ClassificationRequest()
        else:
            request = load_api("regression_pb2", _HERE).RegressionRequest()
        request.model_spec.name = target.model
        if target.version is not None:
            request.model_spec.version.value = target.version
        elif target.label:
            request.model_spec.version_label = target.label
        request.model_spec.signature_name = document.get("signature_name", "")
        examples.fill_input(document, request.input)
        if method == "regress":
            answer = await self.regress(request, deadline)
            return json.dumps({"results": [r.value for r in answer.result.regressions]}).encode()
        answer = await self.classify(request, deadline)
        rows = [
            [[one.label, one.score] for one in row.classes] for row in answer.result.classifications
        ]
        return json.dumps({"results": rows}).encode()

    async def multi_inference(self, request, deadline: float | None = None):
        """Answers a `MultiInferenceRequest`: several signatures of one model on one input."""
        inference_pb2 = load_api("inference_pb2", _HERE)
        names = {task.model_spec.name for task in request.tasks}
        signatures = [task.model_spec.signature_name or "serving_default" for task in request.tasks]
        if len(names) != 1 or not all(names):
            raise invalid("All ModelSpecs in a MultiInferenceRequest must name the same model.")
        if len(set(signatures)) != len(signatures):
            raise invalid("Duplicate evaluation of a signature.")
        calls = []
        for task in request.tasks:
            if task.method_name == examples.CLASSIFY:
                call = load_api("classification_pb2", _HERE).ClassificationRequest
            elif task.method_name == examples.REGRESS:
                call = load_api("regression_pb2", _HERE).RegressionRequest
            else:
                raise ServingError(
                    Code.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name}"
                )
            calls.append(call(model_spec=task.model_spec, input=request.input))
        answers = await asyncio.gather(
            *(
                self.classify(call, deadline)
                if task.method_name == examples.CLASSIFY
                else self.regress(call, deadline)
                for task, call in zip(request.tasks, calls, strict=True)
            )
        )
        response = inference_pb2.MultiInferenceResponse()
        for task, answer in zip(request.tasks, answers, strict=True):
            result = response.results.add(model_spec=answer.model_spec)
            if task.method_name == examples.CLASSIFY:
                result.classification_result.CopyFrom(answer.result)
            else:
                result.regression_result.CopyFrom(answer.result)
        return response

    async def _maybe_off_loop(self, off: bool, function: Callable, *arguments):
        if off:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._large_bodies, function, *arguments)
        return function(*arguments)

    def metadata(self, target: Target, fields: list[str]):
        """Makes a `GetModelMetadataResponse` with the signatures."""
        if not fields:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for name in fields:
            if name != "signature_def":
                raise invalid(f"Metadata field {name} is not supported")
        metadata_pb2 = load_api("get_model_metadata_pb2", _HERE)
        response = metadata_pb2.GetModelMetadataResponse()
        with self.models.lend(target.model, target.version, target.label) as servable:
            response.model_spec.name = servable.name
            response.model_spec.version.value = servable.version
            response.metadata["signature_def"].Pack(_signature_map(metadata_pb2, servable))
        return response

    def metadata_json(self, target: Target) -> bytes:
        """Writes the metadata as TensorFlow Serving's REST interface does."""
        from google.protobuf import json_format as protobuf_json

        metadata_pb2 = load_api("get_model_metadata_pb2", _HERE)
        with self.models.lend(target.model, target.version, target.label) as servable:
            signatures = protobuf_json.MessageToDict(
                _signature_map(metadata_pb2, servable),
                preserving_proto_field_name=True,
                always_print_fields_with_no_presence=True,
            )
            spec = {
                "name": servable.name,
                "signature_name": "",
                "version": str(servable.version),
            }
        document = {"model_spec": spec, "metadata": {"signature_def": signatures}}
        return json.dumps(document, indent=1).encode()

    def status(self, target: Target):
        """Makes a `GetModelStatusResponse`."""
        response = load_api("get_model_status_pb2", _HERE).GetModelStatusResponse()
        for found in self.models.status(target.model, target.version, target.label):
            entry = response.model_version_status.add(version=found.version, state=found.state)
            entry.status.error_code = int(found.code)
            entry.status.error_message = found.message
        return response

    def status_json(self, target: Target) -> bytes:
        """Writes the status as TensorFlow Serving's REST interface does."""
        found = self.models.status(target.model, target.version, target.label)
        entries = [
            {
                "version": str(entry.version),
                "state": entry.state.name,
                "status": {"error_code": entry.code.name, "error_message": entry.message},
            }
            for entry in found
        ]
        return json.dumps({"model_version_status": entries}, indent=1).encode()

    async def reload(self, request):
        """Answers a `ReloadConfigRequest`: serves another list of models from now on."""
        if not self._may_reload:
            raise ServingError(
                Code.PERMISSION_DENIED,
                "reloading the configuration is open on loopback or with a bearer token only",
            )
        try:
            await self._reloading.submit(
                self.models.reconfigure, configs_of_message(request.config)
            )
        except InputError as error:
            raise invalid(str(error)) from None
        response = load_api("model_management_pb2", _HERE).ReloadConfigResponse()
        response.status.error_code = 0
        return response


def _filtered(wanted: list[str], signature: Signature) -> list[str]:
    for name in wanted:
        if name not in signature.outputs:
            raise invalid(
                f"output tensor alias not found in signature: {name} "
                f"Outputs expected to be in the set {{{','.join(signature.outputs)}}}."
            )
    if len(set(wanted)) != len(wanted):
        raise invalid("duplicate output tensor alias in output_filter")
    return wanted or list(signature.outputs)


def _fill_spec(spec, servable: Servable, signature_name: str) -> None:
    spec.name = servable.name
    spec.version.value = servable.version
    spec.signature_name = signature_name


def _signature_map(metadata_pb2, servable: Servable):
    found = metadata_pb2.SignatureDefMap()
    for name, signature in servable.signatures.items():
        found.signature_def[name].CopyFrom(signature.definition)
    return found
