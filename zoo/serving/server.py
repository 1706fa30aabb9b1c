"""The embedded server: TensorFlow Serving's two interfaces in one Python process."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from zoo.errors import InputError
from zoo.serving.authorisation import check_token
from zoo.serving.model_config import (
    ModelConfig,
    WatchedFile,
    configs_of_file,
    configs_of_folders,
)
from zoo.serving.optional_packages import load, load_api

_log = logging.getLogger("zoo.serving")
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
MIB = 1 << 20


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
        rest_timeout: Seconds after which a REST request gets 504.
        poll_seconds: How often the folders are looked at for new versions; 0: never.
        grace: Seconds that stopping waits for requests in flight.
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
        rest_timeout: float = 30.0,
        poll_seconds: float = 1.0,
        grace: float = 30.0,
        tls: tuple[Path, Path] | None = None,
        token: str | None = None,
    ):
        self.rest_port = rest_port
        self.grpc_port = grpc_port
        self.host = host
        if config_file is not None:
            configs = configs_of_file(config_file)
        elif configs is None:
            configs = configs_of_folders(model_base, models)
        self._configs = list(configs)
        self._source = WatchedFile(config_file) if config_file is not None else lambda: None
        self._poll_seconds = poll_seconds
        self._batching = {
            "threads": batch_threads or max((os.cpu_count() or 2) // 2, 1),
            "max_waiting": max_waiting,
            "max_batch_size": max_batch_size,
            "timeout": batch_timeout,
        }
        self._max_request_bytes = max_request_bytes
        self._rest_timeout = rest_timeout
        self._grace = grace
        self._tls = _read_tls(tls)
        check_token(token)
        self._tls_files = tls
        self._token = token
        self._stopping = False
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
        load_api("prediction_service_pb2_grpc", "the embedded server")
        listening = None if self.rest_port is None else _listen(self.host, self.rest_port)
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
            self._batcher.close()
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
        closing = []
        if grpc_server is not None:
            closing.append(grpc_server.stop(self._grace))
        if rest_server is not None:
            closing.append(_stop_rest(rest_server, rest_task))
        await asyncio.gather(*closing, return_exceptions=True)

    async def _start_grpc(self):
        import grpc

        from zoo.serving.grpc_service import add_services, refuse_broken_messages

        server = grpc.aio.server(
            interceptors=[refuse_broken_messages()],
            options=[
                ("grpc.max_receive_message_length", self._max_request_bytes),
                ("grpc.max_send_message_length", -1),
                # Without this, a second server on the same port takes half of the requests.
                ("grpc.so_reuseport", 0),
            ],
        )
        add_services(server, self._inference, self._metrics, self._token)
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
            raise _port_in_use(self.host, self.grpc_port) from None
        await server.start()
        return server

    async def _start_rest(self, listening: socket.socket):
        import uvicorn

        from zoo.serving.rest import make_app

        app = make_app(
            self._inference,
            self._metrics,
            most_bytes=self._max_request_bytes,
            timeout=self._rest_timeout,
            token=self._token,
            is_ready=lambda: not self._stopping and self._models.ready(),
        )
        certificate, key = self._tls_files or (None, None)
        config = uvicorn.Config(
            app,
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

    def stop(self) -> None:
        """Refuses new requests, answers those in flight, lets the models go."""
        if self._thread is None:
            return
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop_asked.set)
        self._thread.join()
        self._thread = None
        self._batcher.close()
        self._models.stop()

    def model_names(self) -> list[str]:
        """Returns the names of the models that are configured."""
        return self._models.names()

    def refresh(self) -> None:
        """Looks for new versions now rather than at the next poll; returns when they serve."""
        self._models.look()


async def _stop_rest(server, task: asyncio.Task) -> None:
    server.should_exit = True
    await asyncio.wait([task], timeout=0.1)
    while not task.done() and server.server_state.tasks:
        await asyncio.wait([task], timeout=0.05)
    # Everything is answered. An idle TLS client that does not say goodbye would hold up the end.
    await asyncio.wait([task], timeout=1.0)
    server.force_exit = True
    await task


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named; else small answers
    # wait 40 ms for an acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        if getattr(error, "errno", None) is not None and "in use" in str(error):
            raise _port_in_use(host, port) from None
        raise InputError(f"cannot listen on {host} port {port}: {error}") from None
    return listening


def _port_in_use(host: str, port: int) -> InputError:
    return InputError(f"cannot listen on {host} port {port}: the port is in use; choose another")


def _read_tls(tls: tuple[Path, Path] | None) -> tuple[bytes, bytes] | None:
    if tls is None:
        return None
    try:
        return Path(tls[0]).read_bytes(), Path(tls[1]).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {error.filename} for TLS: {error.strerror}") from None


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
        **options: As for `Server`.

    Raises:
        InputError: As for `Server`.

    Example:

        serve(Path("saved_models"), {})
    """
    # Letting a version go needs a full collection, which stops every thread. TensorFlow's own
    # million objects live as long as the process: they need not be looked at each time.
    load("tensorflow", "the embedded server")
    gc.collect()
    gc.freeze()
    asked = threading.Event()
    handlers = {
        number: signal.signal(number, lambda *_: asked.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        with Server(model_base, models, rest_port, grpc_port, host, **options) as server:
            scheme = "https" if options.get("tls") else "http"
            names = ", ".join(server.model_names())
            where = [f"{scheme}://{host}:{server.rest_port}"] if server.rest_port else []
            where += [f"grpc://{host}:{server.grpc_port}"] if server.grpc_port else []
            print(f"serving {names} on {' and '.join(where)}", flush=True)
            # A plain wait() would keep a signal's handler from running.
            while not asked.wait(0.2):
                pass
            print("stopping: answering what is in flight", flush=True)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
