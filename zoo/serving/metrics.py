"""What a server counts, in Prometheus's text format."""

import asyncio
import contextlib
import time
from collections.abc import Iterator

from zoo.serving.optional_packages import load
from zoo.serving.status import Code, ServingError

_NEEDED_FOR = "the embedded server"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """Counts requests by model, method, transport and status, and measures times and batches.

    Each server has a registry of its own, so that several live in one process.

    Example:

        with metrics.request("rest", "predict", "g2p"):
            ...
        text = metrics.page()
    """

    def __init__(self):
        client = load("prometheus_client", _NEEDED_FOR)
        self._client = client
        self._registry = client.CollectorRegistry()
        self._requests = client.Counter(
            "zoo_serving_requests",
            "Requests answered, by canonical status.",
            ["model", "method", "transport", "status"],
            registry=self._registry,
        )
        self._seconds = client.Histogram(
            "zoo_serving_request_seconds",
            "From the whole request read to the answer made.",
            ["model", "method", "transport"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._in_flight = client.Gauge(
            "zoo_serving_requests_in_flight", "Requests being answered.", registry=self._registry
        )
        self._batch_rows = client.Histogram(
            "zoo_serving_batch_rows",
            "Rows in one call of the graph.",
            ["signature"],
            buckets=_ROWS,
            registry=self._registry,
        )
        self._batch_requests = client.Histogram(
            "zoo_serving_batch_requests",
            "Requests that shared one call of the graph.",
            ["signature"],
            buckets=_ROWS,
            registry=self._registry,
        )

    @contextlib.contextmanager
    def request(
        self, transport: str, method: str, model: str, known: bool = True
    ) -> Iterator[None]:
        """Counts and times the block; a model that is not `known` is counted under no name.

        Callers choose the names they ask for: a label for each would grow without bound.
        """
        model = model if known else ""
        start = time.perf_counter()
        status = Code.OK
        self._in_flight.inc()
        try:
            yield
        except ServingError as error:
            status = error.code
            raise
        except asyncio.CancelledError:
            status = Code.CANCELLED
            raise
        except BaseException:
            status = Code.INTERNAL
            raise
        finally:
            self._in_flight.dec()
            self._requests.labels(model, method, transport, status.name).inc()
            elapsed = time.perf_counter() - start
            self._seconds.labels(model, method, transport).observe(elapsed)

    def batch(self, signature, requests: int, rows: int) -> None:
        """Notes one call of a graph."""
        self._batch_rows.labels(signature.name).observe(rows)
        self._batch_requests.labels(signature.name).observe(requests)

    def page(self) -> tuple[bytes, str]:
        """Returns the page for a scraper and its content type."""
        return self._client.generate_latest(self._registry), self._client.CONTENT_TYPE_LATEST
