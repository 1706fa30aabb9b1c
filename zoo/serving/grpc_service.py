"""TensorFlow Serving's gRPC services on the stubs of `tensorflow-serving-api`."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from zoo.serving.authorisation import check_bearer
from zoo.serving.inference import Inference, Target
from zoo.serving.metrics import Metrics
from zoo.serving.optional_packages import load, load_api
from zoo.serving.status import Code, ServingError, invalid, public_message

_log = logging.getLogger("zoo.serving")
_NEEDED_FOR = "the gRPC interface"


def add_services(server, inference: Inference, metrics: Metrics, token: str | None) -> None:
    """Adds PredictionService and ModelService to a `grpc.aio` server.

    Args:
        server: The `grpc.aio.Server`.
        inference: Answers the requests.
        metrics: Counts them.
        token: The bearer token that is asked for in the "authorization" metadata.
    """
    prediction_grpc = load_api("prediction_service_pb2_grpc", _NEEDED_FOR)
    model_grpc = load_api("model_service_pb2_grpc", _NEEDED_FOR)
    answer = _Answering(inference, metrics, token)

    class Prediction(prediction_grpc.PredictionServiceServicer):
        async def Predict(self, request, context):
            return await answer(
                context, "predict", request.model_spec.name, inference.predict, request
            )

        async def Classify(self, request, context):
            name = request.model_spec.name
            return await answer(context, "classify", name, inference.classify, request)

        async def Regress(self, request, context):
            name = request.model_spec.name
            return await answer(context, "regress", name, inference.regress, request)

        async def MultiInference(self, request, context):
            name = request.tasks[0].model_spec.name if request.tasks else ""
            call = inference.multi_inference
            return await answer(context, "multi_inference", name, call, request)

        async def GetModelMetadata(self, request, context):
            async def metadata(request, deadline):
                _need_spec(request)
                target = Target.of(request.model_spec)
                return inference.metadata(target, list(request.metadata_field))

            name = request.model_spec.name
            return await answer(context, "metadata", name, metadata, request)

    class Model(model_grpc.ModelServiceServicer):
        async def GetModelStatus(self, request, context):
            async def status(request, deadline):
                _need_spec(request)
                return inference.status(Target.of(request.model_spec))

            return await answer(context, "status", request.model_spec.name, status, request)

        async def HandleReloadConfigRequest(self, request, context):
            async def reload(request, deadline):
                return await inference.reload(request)

            return await answer(context, "reload", "", reload, request)

    prediction_grpc.add_PredictionServiceServicer_to_server(Prediction(), server)
    model_grpc.add_ModelServiceServicer_to_server(Model(), server)


def refuse_broken_messages():
    """Makes a server interceptor that answers INVALID_ARGUMENT where a message cannot be parsed.

    By itself, gRPC for Python logs a traceback and answers UNKNOWN.
    """
    grpc = load("grpc", _NEEDED_FOR)
    handlers: dict[str, object] = {}

    def parse_safely(parse):
        def parse_or_none(message: bytes):
            try:
                return parse(message)
            except Exception:
                return None

        return parse_or_none

    def guarded(behaviour):
        async def answer(request, context):
            if request is None:
                await context.abort(
                    grpc.StatusCode.INVALID_ARGUMENT, "the request is no message of this call"
                )
            return await behaviour(request, context)

        return answer

    class Interceptor(grpc.aio.ServerInterceptor):
        async def intercept_service(self, continuation, call):
            if call.method not in handlers:
                handler = await continuation(call)
                if handler is None or handler.unary_unary is None:
                    return handler
                handlers[call.method] = grpc.unary_unary_rpc_method_handler(
                    guarded(handler.unary_unary),
                    request_deserializer=parse_safely(handler.request_deserializer),
                    response_serializer=handler.response_serializer,
                )
            return handlers[call.method]

    return Interceptor()


def _need_spec(request) -> None:
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")


class _Answering:
    """Runs a call: checks the token, hands on the deadline, counts, and turns errors to status."""

    def __init__(self, inference: Inference, metrics: Metrics, token: str | None):
        self._inference = inference
        self._metrics = metrics
        self._token = token
        self._grpc = load("grpc", _NEEDED_FOR)
        self._codes = {code.value[0]: code for code in self._grpc.StatusCode}

    async def __call__(
        self, context, method: str, model: str, call: Callable[..., Awaitable], request
    ):
        known = model in self._inference.models.names()
        try:
            with self._metrics.request("grpc", method, model, known):
                header = dict(context.invocation_metadata() or ()).get("authorization")
                check_bearer(header, self._token)
                return await call(request, _deadline(context))
        except ServingError as error:
            code, text = error.code, error.message
        except asyncio.CancelledError:
            raise
        except Exception as error:
            _log.exception("a request failed in the server")
            code, text = Code.INTERNAL, public_message(error)
        await context.abort(self._codes[int(code)], text)


def _deadline(context) -> float | None:
    """Returns the loop time at which the caller stops waiting."""
    remaining = context.time_remaining()
    if remaining is None or remaining > 1e8:
        return None
    return asyncio.get_running_loop().time() + remaining
