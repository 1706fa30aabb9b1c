"""TensorFlow Serving's REST interface as an ASGI application."""

import asyncio
import json
import logging
import re
from collections.abc import Callable
from urllib.parse import unquote

from zoo.serving.authorisation import check_bearer
from zoo.serving.inference import Inference, Target
from zoo.serving.metrics import Metrics
from zoo.serving.optional_packages import load
from zoo.serving.status import Code, ServingError, invalid, public_message

_log = logging.getLogger("zoo.serving")

_MODEL = (
    r"(?i:/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?)"
)
_CALL = re.compile(_MODEL + r":(?P<method>(?i:predict|classify|regress))")
_READ = re.compile(_MODEL + r"(?P<metadata>/(?i:metadata))?")

# All of them come to the model's handler, so that the 405 is JSON and names the right one.
_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
METRICS_PATHS = ("/monitoring/prometheus/metrics", "/metrics")
# An answer reaches a client that is still sending only when what it sends is read away.
_MOST_DRAINED = 1 << 30
_DRAIN_SECONDS = 20.0


def make_app(
    inference: Inference,
    metrics: Metrics,
    *,
    most_bytes: int,
    timeout: float,
    token: str | None,
    is_ready: Callable[[], bool],
):
    """Makes the ASGI application.

    Args:
        inference: Answers the requests.
        metrics: Counts them, and is read under `METRICS_PATHS`.
        most_bytes: A larger body gets 413.
        timeout: Seconds that a request may take before it gets 504.
        token: The bearer token that is asked for everywhere but at the health checks.
        is_ready: What `/readyz` says.

    Returns:
        A Starlette application.
    """
    starlette = load("starlette.applications", "the REST interface")
    responses = load("starlette.responses", "the REST interface")
    routing = load("starlette.routing", "the REST interface")

    def answer(body: bytes, status: int = 200):
        return responses.Response(body, status, media_type="application/json")

    async def model(request):
        try:
            check_bearer(request.headers.get("authorization"), token)
            return answer(await _answer(request, inference, metrics, most_bytes, timeout))
        except ServingError as error:
            return answer(json.dumps({"error": error.message}).encode(), error.http_status)
        except Exception as error:
            _log.exception("a request failed in the server")
            text = json.dumps({"error": public_message(error)})
            return answer(text.encode(), 500)

    async def health(request):
        return answer(b'{"status": "alive"}')

    async def readiness(request):
        ready = is_ready()
        return answer(b'{"ready": %s}' % (b"true" if ready else b"false"), 200 if ready else 503)

    async def metrics_page(request):
        try:
            check_bearer(request.headers.get("authorization"), token)
        except ServingError as error:
            return answer(json.dumps({"error": error.message}).encode(), error.http_status)
        page, kind = metrics.page()
        return responses.Response(page, headers={"content-type": kind})

    async def refused(request, error):
        path = unquote(request.url.path)[:500]
        text = f"Malformed request: {request.method} {path}"
        return answer(json.dumps({"error": text}).encode(), error.status_code)

    return starlette.Starlette(
        routes=[
            routing.Route("/healthz", health),
            routing.Route("/readyz", readiness),
            *(routing.Route(path, metrics_page) for path in METRICS_PATHS),
            routing.Route("/v1/{rest:path}", model, methods=_METHODS),
        ],
        exception_handlers={404: refused, 405: refused},
    )


async def _answer(request, inference, metrics, most_bytes: int, timeout: float) -> bytes:
    # The raw path: a model name may hold an encoded slash.
    path = request.scope.get("raw_path", b"").decode("latin-1") or request.url.path
    call = _CALL.fullmatch(path)
    if request.method == "POST" and call:
        target = _target(call)
        method = call["method"].lower()
        body = await _read_body(request, most_bytes)
        known = target.model in inference.models.names()
        deadline = asyncio.get_running_loop().time() + timeout
        with metrics.request("rest", method, target.model, known):
            if method == "predict":
                return await inference.predict_json(target, body, deadline)
            return await inference.examples_json(target, method, body, deadline)
    read = _READ.fullmatch(path)
    if request.method == "GET" and read:
        target = _target(read)
        if read["metadata"]:
            return inference.metadata_json(target)
        return inference.status_json(target)
    if request.method == "GET" and re.fullmatch(r"(?i)/v1/models/?", path):
        raise invalid("Missing model name in request.")
    if call or read:
        allowed = "POST" if call else "GET"
        raise ServingError(
            Code.UNIMPLEMENTED, f"{request.method} is not possible here; use {allowed}", 405
        )
    raise invalid(f"Malformed request: {request.method} {unquote(path)}"[:500])


def _target(found: re.Match) -> Target:
    version = int(found["version"]) if found["version"] else None
    if version is not None and version >= 2**63:
        raise invalid(f"Failed to convert version: {found['version']} to numeric.")
    label = unquote(found["label"]) if found["label"] else None
    return Target(unquote(found["name"]), version, label)


async def _read_body(request, most_bytes: int) -> bytes:
    """Reads a body of at most `most_bytes`; what is too long is read away and refused."""
    from starlette.requests import ClientDisconnect

    chunks: list[bytes] = []
    size = 0
    give_up = asyncio.get_running_loop().time() + _DRAIN_SECONDS
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size <= most_bytes:
                chunks.append(chunk)
                continue
            chunks.clear()
            if size > _MOST_DRAINED or asyncio.get_running_loop().time() > give_up:
                break
    except ClientDisconnect:
        raise ServingError(Code.CANCELLED, "the client went away") from None
    if size > most_bytes:
        raise ServingError(
            Code.RESOURCE_EXHAUSTED,
            f"the request is longer than the {most_bytes} bytes that are allowed",
            http_status=413,
        )
    return b"".join(chunks)
