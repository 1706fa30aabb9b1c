"""TensorFlow Serving's REST interface as an ASGI application."""

import asyncio
import json
import logging
import re
from collections.abc import Callable, Coroutine
from urllib.parse import unquote

from zoo.serving.authorisation import check_bearer
from zoo.serving.inference import Inference, Target
from zoo.serving.metrics import Metrics
from zoo.serving.optional_packages import load
from zoo.serving.request_body import BodyReader
from zoo.serving.status import Code, ServingError, invalid, public_message

_log = logging.getLogger("zoo.serving")

# As TensorFlow Serving matches them (model_servers/http_rest_api_util.cc): the case of the fixed
# parts does not matter, but a method in capitals is none.
_MODEL = r"(?i:/v1/models/)(?P<name>[^/:]+)"
_VERSION = r"(?:(?i:/versions/)(?P<version>[0-9]+)|(?i:/labels/)(?P<label>[^/:]+))?"
_CALL = re.compile(_MODEL + _VERSION + r":(?P<method>predict|classify|regress)")
_READ = re.compile(_MODEL + _VERSION + r"(?P<metadata>(?i:/metadata))?")
_NO_MODEL = re.compile(r"(?i)/v1/models(/metadata)?")

# All of them come to the model's handler, so that the answer is JSON.
_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
METRICS_PATHS = ("/monitoring/prometheus/metrics", "/metrics")
# What these statuses answer has not been read to its end, or came too late.
_CLOSING = (408, 413, 499, 503)


def make_app(
    inference: Inference,
    metrics: Metrics,
    *,
    bodies: BodyReader,
    timeout: float,
    token: str | None,
    is_ready: Callable[[], bool],
    is_alive: Callable[[], bool],
):
    """Makes the ASGI application.

    Args:
        inference: Answers the requests.
        metrics: Counts them, and is read under `METRICS_PATHS`.
        bodies: Reads the bodies of requests.
        timeout: Seconds that a request may take, from its body read, before it gets 504.
        token: The bearer token that is asked for everywhere but at the health checks.
        is_ready: What `/readyz` says.
        is_alive: What `/healthz` says.

    Returns:
        A Starlette application.
    """
    starlette = load("starlette.applications", "the REST interface")
    responses = load("starlette.responses", "the REST interface")
    routing = load("starlette.routing", "the REST interface")

    def answer(body: bytes, status: int = 200):
        headers = {"connection": "close"} if status in _CLOSING else None
        return responses.Response(body, status, headers, media_type="application/json")

    async def model(request):
        try:
            check_bearer(request.headers.get("authorization"), token)
            return answer(await _answer(request, inference, metrics, bodies, timeout))
        except ServingError as error:
            return answer(json.dumps({"error": error.message}).encode(), error.http_status)
        except Exception as error:
            _log.exception("a request failed in the server")
            text = json.dumps({"error": public_message(error)})
            return answer(text.encode(), 500)

    async def health(request):
        if is_alive():
            return answer(b'{"status": "alive"}')
        return answer(b'{"status": "stuck"}', 503)

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
            *(routing.Route(f"/{v}1/{{rest:path}}", model, methods=_METHODS) for v in "vV"),
        ],
        exception_handlers={404: refused, 405: refused},
    )


async def _answer(request, inference, metrics, bodies: BodyReader, timeout: float) -> bytes:
    # The raw path: a model name may hold an encoded slash. A query makes it no address of a model.
    path = request.scope.get("raw_path", b"").decode("latin-1") or request.url.path
    if request.url.query:
        path = f"{path}?{request.url.query}"
    call = _CALL.fullmatch(path)
    if request.method == "POST" and call:
        target = _target(call)
        method = call["method"]
        known = target.model in inference.models.names()
        async with bodies.read(request) as body:
            deadline = asyncio.get_running_loop().time() + timeout
            with metrics.request("rest", method, target.model, known):
                if method == "predict":
                    answering = inference.predict_json(target, body, deadline)
                else:
                    answering = inference.examples_json(target, method, body, deadline)
                return await _while_connected(request, answering)
    read = _READ.fullmatch(path)
    if request.method == "GET" and read:
        target = _target(read)
        if read["metadata"] == "/metadata":
            return inference.metadata_json(target)
        return inference.status_json(target)
    if request.method == "GET" and _NO_MODEL.fullmatch(path):
        raise invalid("Missing model name in request.")
    raise invalid(f"Malformed request: {request.method} {unquote(path)}"[:500])


async def _while_connected(request, answering: Coroutine) -> bytes:
    """Waits for an answer as long as the client does."""
    answer = asyncio.ensure_future(answering)
    # After a whole body, the next message says that the client has gone.
    gone = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
    finally:
        gone.cancel()
        answer.cancel()
    raise ServingError(Code.CANCELLED, "the client went away")


def _target(found: re.Match) -> Target:
    version = None
    if digits := found["version"]:
        # Twenty digits are beyond int64, and Python does not read thousands.
        significant = digits.lstrip("0") or "0"
        if len(significant) > 19 or int(significant) >= 2**63:
            raise invalid(f"Failed to convert version: {digits[:100]} to numeric.")
        version = int(significant)
    label = unquote(found["label"]) if found["label"] else None
    return Target(unquote(found["name"]), version, label)
