"""HTTP connections that are bounded in number and in the time until their request is there."""

import asyncio

from zoo.serving.optional_packages import load

_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n"
    b"connection: close\r\ncontent-length: 49\r\n\r\n"
    b'{"error": "the server has too many connections."}'
)


def bounded_protocol(most_connections: int, header_seconds: float) -> type:
    """Makes the class of uvicorn's HTTP/1.1 protocol with limits of its own.

    Args:
        most_connections: One more is answered 503 and closed.
        header_seconds: A connection that has not sent the whole head of a request in this time,
            its first or a later one that it has begun, is closed.

    Returns:
        A class for `uvicorn.Config(http=...)`.
    """
    protocol = load("uvicorn.protocols.http.h11_impl", "the REST interface").H11Protocol
    h11 = load("h11", "the REST interface")

    class BoundedProtocol(protocol):
        _head_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport) -> None:
            super().connection_made(transport)
            if len(self.connections) > most_connections:
                self.connections.discard(self)
                transport.write(_BUSY)
                transport.close()
                return
            self._head_timer = self.loop.call_later(header_seconds, self._give_up)

        def connection_lost(self, exc) -> None:
            self._stop_timer()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            super().data_received(data)
            if self.conn.their_state is not h11.IDLE:
                self._stop_timer()
            elif self._head_timer is None and not self.transport.is_closing():
                # Part of another head, after an answer.
                self._head_timer = self.loop.call_later(header_seconds, self._give_up)

        def _stop_timer(self) -> None:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

        def _give_up(self) -> None:
            self._head_timer = None
            self.transport.close()

    return BoundedProtocol
