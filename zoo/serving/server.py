"""The embedded server: TensorFlow Serving's two interfaces in one Python process."""

import asyncio
import contextlib
import gc
import logging
import os
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from zoo.errors import InputError
from zoo.serving.authorisation import check_token
from zoo.serving.ending import EndBySignal, end_now
from zoo.serving.listening import listen, port_in_use
from zoo.serving.model_config import (
    ModelConfig,
    WatchedFile,
    configs_of_file,
    configs_of_folders,
)
from zoo.serving.optional_packages import load, load_api
from zoo.serving.tls import read_tls

_log = logging.getLogger("zoo.serving")
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
MIB = 1 << 20
# How long no call could start before the server is not ready, and before only a new process helps.
_STUCK_SECONDS = 5.0
_LOST_SECONDS = 60.0
# What is left of the grace for what does not end by itself.
_LAST_SECONDS = 1.0
_STREAMS_OF_A_CONNECTION = 256
# TensorFlow's own are as many as processors; one long operation holds one.
_GRAPH_THREADS = 32


class Server:
    """Serves SavedModels over TensorFlow Serving's REST and gRPC interfaces.

    As a context manager it is up inside the block and gracefully stopped at its end: new requests
    are refused, those in flight are answered.

    Args:
        model_base: A folder of model folders, each served under its name.
        models: Name to model folder (`<folder>/<version>/saved_model.pb`).
        rest_port: 0 takes a free one; None offers no REST.
        grpc_port: 0 takes a free one; None offers no gRPC.
        host: Where to listen; loopback unless told otherwise.
        config_file: A `models.config` as TensorFlow Serving reads it, in place of the two folders;
            when it changes, it is read again.
        configs: The same as Python objects.
        max_batch_size: A limit on the rows of several requests that a model's own
            `batching_params.pbtxt` allows in one call; 1 turns batching off.
        batch_timeout: Seconds that a request waits for others while a thread is free, in place of
            what the models say.
        batch_threads: Calls that run at the same time; default: one for each two cores.
        max_waiting: Requests that may wait; one more is refused at once.
        max_request_bytes: A larger request is refused.
        max_rows: The most rows of one request.
        max_connections: The most connections of each interface.
        rest_timeout: Seconds after which a REST request gets 504.
        header_seconds: What a REST client has to send the head of its request in.
        body_seconds: What it has to send the body in.
        poll_seconds: How often the folders are looked at for new versions; 0: never.
        grace: Seconds in which stopping ends. Requests in flight have all but the last of them (a
            tenth, at most one second); what runs on after is interrupted, or left to itself.
        tls: Files of the certificate chain and the private key, both PEM.
        token: The bearer token that requests must carry.

    Raises:
        InputError: A port is in use, a folder holds no model, no model could be loaded.

    Example:

        with Server(Path("saved_models"), rest_port=0, grpc_port=0) as server:
            Client(f"http://localhost:{server.rest_port}").predict("g2p", {"text": ["hello"]})
    """

    def __init__(
        self,
        model_base: Path | None = None,
        models: Mapping[str, Path] | None = None,
        rest_port: int | None = 8501,
        grpc_port: int | None = 8500,
        host: str = "127.0.0.1",
        *,
        config_file: Path | None = None,
        configs: Sequence[ModelConfig] | None = None,
        max_batch_size: int | None = None,
        batch_timeout: float | None = None,
        batch_threads: int | None = None,
        max_waiting: int = 1024,
        max_request_bytes: int = 32 * MIB,
        max_rows: int = 1024,
        max_connections: int = 1024,
        rest_timeout: float = 30.0,
        header_seconds: float = 10.0,
        body_seconds: float = 30.0,
        poll_seconds: float = 1.0,
        grace: float = 30.0,
        tls: tuple[Path, Path] | None = None,
        token: str | None = None,
    ):
        self.rest_port = rest_port
        self.grpc_port = grpc_port
        self.host = host
        # Watched from before it is read: a change meanwhile is seen.
        self._source = WatchedFile(config_file) if config_file is not None else lambda: None
        if config_file is not None:
            configs = configs_of_file(config_file)
        elif configs is None:
            configs = configs_of_folders(model_base, models)
        self._configs = list(configs)
        self._poll_seconds = poll_seconds
        self._batching = {
            "threads": batch_threads or max((os.cpu_count() or 2) // 2, 1),
            "max_waiting": max_waiting,
            "max_batch_size": max_batch_size,
            "timeout": batch_timeout,
        }
        self._max_request_bytes = max_request_bytes
        self._max_rows = max_rows
        self._max_connections = max_connections
        self._max_rpcs = max(2 * max_waiting, 64)
        self._rest_timeout = rest_timeout
        self._header_seconds = header_seconds
        self._body_seconds = body_seconds
        self._grace = grace
        self._tls = read_tls(tls)
        check_token(token)
        self._tls_files = tls
        self._token = token
        self._stopping = False
        self.ended = True
        self._thread: threading.Thread | None = None
        self._started = threading.Event()
        self._failure: BaseException | None = None

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self) -> None:
        """Loads the models, opens the ports and returns when requests can come."""
        for name in ("starlette.applications", "uvicorn", "grpc", "prometheus_client"):
            load(name, "the embedded server")
        for name in ("grpc_health.v1.health_pb2", "grpc_reflection.v1alpha.reflection"):
            load(name, "the embedded server")
        load_api("prediction_service_pb2_grpc", "the embedded server")
        listening = None if self.rest_port is None else listen(self.host, self.rest_port)
        try:
            self._make_parts()
        except BaseException:
            if listening is not None:
                listening.close()
            raise
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._main(listening)), name="zoo-serving-loop"
        )
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self._thread.join()
            self._models.stop()
            self._batcher.close(_LAST_SECONDS)
            raise self._failure

    def _make_parts(self) -> None:
        from zoo.serving.batching import Batcher
        from zoo.serving.inference import Inference
        from zoo.serving.metrics import Metrics
        from zoo.serving.models import Models

        self._models = Models(self._configs, poll_seconds=self._poll_seconds, source=self._source)
        self._models.start()
        self._refuse_nothing_loaded()
        self._metrics = Metrics()
        self._batcher = Batcher(**self._batching, observe=self._metrics.batch)
        self._inference = Inference(
            self._models,
            self._batcher,
            self._max_request_bytes,
            self._max_rows,
            may_reload=self.host in _LOOPBACK or self._token is not None,
        )

    def _refuse_nothing_loaded(self) -> None:
        from zoo.serving.models import State

        reasons = []
        for name in self._models.names():
            for status in self._models.status(name):
                if status.state == State.AVAILABLE:
                    return
                reasons.append(f"{name} version {status.version}: {status.message}")
        self._models.stop()
        raise InputError(f"no model could be loaded: {'; '.join(reasons)}")

    async def _main(self, listening: socket.socket | None) -> None:
        """Lives on the server's own thread from start to stop."""
        self._loop = asyncio.get_running_loop()
        self._stop_asked = asyncio.Event()
        grpc_server = rest_server = rest_task = None
        try:
            if self.grpc_port is not None:
                grpc_server = await self._start_grpc()
            if listening is not None:
                rest_server, rest_task = await self._start_rest(listening)
        except BaseException as error:
            self._failure = error
            if listening is not None:
                listening.close()
            if grpc_server is not None:
                await grpc_server.stop(None)
            self._started.set()
            return
        self._started.set()
        await self._stop_asked.wait()
        self._stopping = True
        left = self._end - time.monotonic()
        closing = []
        if grpc_server is not None:
            closing.append(grpc_server.stop(left))
        if rest_server is not None:
            closing.append(_stop_rest(rest_server, rest_task, left))
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.gather(*closing, return_exceptions=True), left + 0.5)

    async def _start_grpc(self):
        import grpc

        from zoo.serving.grpc_health import add_health, add_reflection
        from zoo.serving.grpc_service import add_services, refuse_broken_messages

        server = grpc.aio.server(
            interceptors=[refuse_broken_messages()],
            options=[
                ("grpc.max_receive_message_length", self._max_request_bytes),
                ("grpc.max_send_message_length", -1),
                # Without this, a second server on the same port takes half of the requests.
                ("grpc.so_reuseport", 0),
                ("grpc.max_allowed_incoming_connections", self._max_connections),
                ("grpc.max_concurrent_streams", _STREAMS_OF_A_CONNECTION),
                ("grpc.server_handshake_timeout_ms", int(self._header_seconds * 1000)),
            ],
            maximum_concurrent_rpcs=self._max_rpcs,
        )
        add_services(server, self._inference, self._metrics, self._token)
        add_health(server, self._is_ready)
        if self._token is None:
            add_reflection(server)
        address = f"[{self.host}]" if ":" in self.host else self.host
        address = f"{address}:{self.grpc_port}"
        try:
            if self._tls:
                certificate, key = self._tls
                credentials = grpc.ssl_server_credentials([(key, certificate)])
                self.grpc_port = server.add_secure_port(address, credentials)
            else:
                self.grpc_port = server.add_insecure_port(address)
        except RuntimeError:
            raise port_in_use(self.host, self.grpc_port) from None
        await server.start()
        return server

    async def _start_rest(self, listening: socket.socket):
        import uvicorn

        from zoo.serving.http_connection import bounded_protocol
        from zoo.serving.request_body import BodyReader
        from zoo.serving.rest import make_app

        app = make_app(
            self._inference,
            self._metrics,
            bodies=BodyReader(
                self._max_request_bytes, 4 * self._max_request_bytes, self._body_seconds
            ),
            timeout=self._rest_timeout,
            token=self._token,
            is_ready=self._is_ready,
            is_alive=lambda: self._batcher.stuck_seconds() < _LOST_SECONDS,
        )
        certificate, key = self._tls_files or (None, None)
        config = uvicorn.Config(
            app,
            http=bounded_protocol(self._max_connections, self._header_seconds),
            ws="none",
            backlog=self._max_connections,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=max(int(self._grace), 1),
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            if task.done():
                await task
                raise InputError("the REST server did not start")
            await asyncio.sleep(0.005)
        self.rest_port = listening.getsockname()[1]
        return server, task

    def _is_ready(self) -> bool:
        stuck = self._batcher.stuck_seconds() >= _STUCK_SECONDS
        return not self._stopping and not stuck and self._models.ready()

    def stop(self) -> None:
        """Refuses new requests, answers those in flight, lets the models go.

        `ended` then says whether all has ended. It is false where a graph runs on that cannot be
        interrupted: its thread does not keep the process from ending, but TensorFlow may.
        """
        if self._thread is None:
            return
        last = min(_LAST_SECONDS, self._grace / 10)
        self._end = time.monotonic() + self._grace - last
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop_asked.set)
        self._thread.join()
        self._thread = None
        self.ended = self._batcher.close(last / 2)
        self._models.stop(last)

    def model_names(self) -> list[str]:
        """Returns the names of the models that are configured."""
        return self._models.names()

    def refresh(self) -> None:
        """Looks for new versions now rather than at the next poll; returns when they serve."""
        self._models.look()


async def _stop_rest(server, task: asyncio.Task, seconds: float) -> None:
    end = time.monotonic() + seconds
    server.should_exit = True
    await asyncio.wait([task], timeout=0.1)
    while not task.done() and server.server_state.tasks and time.monotonic() < end:
        await asyncio.wait([task], timeout=0.05)
    # Everything is answered. An idle TLS client that does not say goodbye would hold up the end.
    await asyncio.wait([task], timeout=min(1.0, max(end - time.monotonic(), 0.0)))
    server.force_exit = True
    await task


def serve(
    model_base: Path | None = None,
    models: Mapping[str, Path] | None = None,
    rest_port: int | None = 8501,
    grpc_port: int | None = 8500,
    host: str = "127.0.0.1",
    **options,
) -> None:
    """Serves until SIGTERM or SIGINT, then finishes what is in flight.

    Args:
        model_base: A folder of model folders.
        models: Name to model folder.
        rest_port: The port of the REST interface.
        grpc_port: The port of the gRPC interface.
        host: Where to listen.
        **options: options of `Server`.

    Raises:
        InputError: As for `Server`.

    Example:

        serve(Path("saved_models"), {})
    """
    options.setdefault("grace", 30.0)
    with EndBySignal(options["grace"]) as end:
        tensorflow = load("tensorflow", "the embedded server")
        with contextlib.suppress(RuntimeError):  # TensorFlow runs already
            tensorflow.config.threading.set_inter_op_parallelism_threads(_GRAPH_THREADS)
        # Letting a version go needs a full collection, which stops every thread. TensorFlow's own
        # million objects live as long as the process: they need not be looked at each time.
        gc.collect()
        gc.freeze()
        server = Server(model_base, models, rest_port, grpc_port, host, **options)
        with server:
            scheme = "https" if options.get("tls") else "http"
            names = ", ".join(server.model_names())
            where = [f"{scheme}://{host}:{server.rest_port}"] if server.rest_port else []
            where += [f"grpc://{host}:{server.grpc_port}"] if server.grpc_port else []
            print(f"serving {names} on {' and '.join(where)}", flush=True)
            end.asked.wait()
            print("stopping: answering what is in flight", flush=True)
        if not server.ended:
            end_now("a call of a model did not end; it is cut off")
