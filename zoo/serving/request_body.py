"""Bodies of HTTP requests, read within limits of size, time and of all that are in flight."""

import asyncio
import contextlib
import zlib
from collections.abc import AsyncIterator

from zoo.serving.status import Code, ServingError, invalid

# TensorFlow Serving unpacks no more (util/net_http/compression/gzip_zlib.h).
MOST_UNPACKED = 10 << 20
# So small a body is read however much is in flight: the number of connections bounds them.
_SMALL = 1 << 16
# An answer reaches a client that is still sending only when what it sends is read away.
_MOST_DRAINED = 1 << 30


class BodyReader:
    """Reads the bodies of a server's requests.

    Args:
        most_bytes: The most bytes of one body.
        most_in_flight: The most bytes of all bodies that are being read or answered.
        seconds: What a client has to send its body in.

    Example:

        reader = BodyReader(32 << 20, 128 << 20, seconds=30.0)
        async with reader.read(request) as body:
            ...
    """

    def __init__(self, most_bytes: int, most_in_flight: int, seconds: float):
        self._most_bytes = most_bytes
        self._most_in_flight = most_in_flight
        self._seconds = seconds
        self._in_flight = 0

    @contextlib.asynccontextmanager
    async def read(self, request) -> AsyncIterator[bytes]:
        """Reads a request's body, unpacked where it is gzip, and counts it until the block ends.

        Args:
            request: A Starlette request.

        Raises:
            ServingError: 413 for a longer body, 408 for a slow one, 503 where too much is in
                flight, INVALID_ARGUMENT for broken gzip, CANCELLED where the client has gone.
        """
        counted = [0]
        try:
            try:
                body = await asyncio.wait_for(self._collect(request, counted), self._seconds)
            except asyncio.TimeoutError:
                raise ServingError(
                    Code.DEADLINE_EXCEEDED,
                    f"the body did not come within {self._seconds:g} s",
                    http_status=408,
                ) from None
            if "gzip" in request.headers.get("content-encoding", ""):
                self._count(MOST_UNPACKED, counted)
                body = await asyncio.to_thread(_unpack, body, min(MOST_UNPACKED, self._most_bytes))
            yield body
        finally:
            self._in_flight -= counted[0]

    async def _collect(self, request, counted: list[int]) -> bytes:
        from starlette.requests import ClientDisconnect

        chunks: list[bytes] = []
        size = 0
        try:
            async for chunk in request.stream():
                size += len(chunk)
                if size > self._most_bytes:
                    chunks.clear()
                    if size > _MOST_DRAINED:
                        break
                    continue
                if size > _SMALL:
                    self._count(size - counted[0], counted)
                chunks.append(chunk)
        except ClientDisconnect:
            raise ServingError(Code.CANCELLED, "the client went away") from None
        if size > self._most_bytes:
            raise ServingError(
                Code.RESOURCE_EXHAUSTED,
                f"the request is longer than the {self._most_bytes} bytes that are allowed",
                http_status=413,
            )
        return b"".join(chunks)

    def _count(self, more: int, counted: list[int]) -> None:
        if self._in_flight + more > self._most_in_flight:
            raise ServingError(
                Code.RESOURCE_EXHAUSTED,
                f"requests of {self._most_in_flight} bytes in all are in flight; send this later",
                http_status=503,
            )
        self._in_flight += more
        counted[0] += more


def _unpack(body: bytes, most_bytes: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(body, most_bytes)
    except zlib.error as error:
        raise invalid(f"the body is no gzip: {error}") from None
    if unpacker.eof and not unpacker.unused_data:
        return unpacked
    if unpacker.unconsumed_tail:
        raise invalid(f"the body is longer than {most_bytes} bytes when it is unpacked")
    raise invalid("the body is no gzip: it is cut, or something follows it")
