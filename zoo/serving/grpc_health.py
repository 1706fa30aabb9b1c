"""The standard health service (grpc.health.v1) and server reflection beside Serving's own."""

import asyncio
from collections.abc import Callable

from zoo.serving.optional_packages import load, load_api

_NEEDED_FOR = "the gRPC interface"
_LOOK_SECONDS = 1.0


def add_health(server, is_ready: Callable[[], bool]) -> None:
    """Adds grpc.health.v1.Health to a `grpc.aio` server.

    The server as a whole (""), PredictionService and ModelService are SERVING while `is_ready`
    says so, and NOT_SERVING else; any other name is NOT_FOUND.

    Args:
        server: The `grpc.aio.Server`.
        is_ready: The same as answers `/readyz`.
    """
    grpc = load("grpc", _NEEDED_FOR)
    health = load("grpc_health.v1.health_pb2", _NEEDED_FOR)
    health_grpc = load("grpc_health.v1.health_pb2_grpc", _NEEDED_FOR)
    answers = health.HealthCheckResponse
    known = {"", *_service_names()}

    def status(service: str) -> int:
        if service not in known:
            return answers.SERVICE_UNKNOWN
        return answers.SERVING if is_ready() else answers.NOT_SERVING

    class Health(health_grpc.HealthServicer):
        async def Check(self, request, context):
            found = status(request.service)
            if found == answers.SERVICE_UNKNOWN:
                await context.abort(grpc.StatusCode.NOT_FOUND, "there is no such service")
            return answers(status=found)

        async def Watch(self, request, context):
            last = None
            while True:
                found = status(request.service)
                if found != last:
                    last = found
                    await context.write(answers(status=found))
                await asyncio.sleep(_LOOK_SECONDS)

    health_grpc.add_HealthServicer_to_server(Health(), server)


def add_reflection(server) -> None:
    """Lets clients such as grpcurl ask a `grpc.aio` server what its services and messages are."""
    reflection = load("grpc_reflection.v1alpha.reflection", _NEEDED_FOR)
    health = load("grpc_health.v1.health_pb2", _NEEDED_FOR)
    names = [s.full_name for s in health.DESCRIPTOR.services_by_name.values()]
    names += [*_service_names(), reflection.SERVICE_NAME]
    reflection.enable_server_reflection(names, server)


def _service_names() -> list[str]:
    modules = [load_api(f"{n}_service_pb2", _NEEDED_FOR) for n in ("prediction", "model")]
    return [s.full_name for m in modules for s in m.DESCRIPTOR.services_by_name.values()]
