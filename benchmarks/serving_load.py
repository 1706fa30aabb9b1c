"""The load generator of `benchmarks.serving`: a plan as JSON on standard input, figures on output.

It is a process of its own and imports no TensorFlow, so that it takes as little as it can from the
server that it measures. A plan names the transport ("grpc" or "rest"), port, model, number of
clients, seconds, a file whose appearance ends it early (or null), rate (requests a second, or null
for as fast as answers come) and the bodies.
"""

import asyncio
import base64
import collections
import json
import os
import sys
import time


async def load(plan: dict) -> dict:
    """Sends requests from many clients: each its next at the answer, or all by the clock."""
    bodies = [base64.b64decode(body) for body in plan["bodies"]]
    connect = _connect_grpc if plan["transport"] == "grpc" else _connect_rest
    clients = [await connect(plan) for _ in range(plan["clients"])]
    for client in clients:  # connections and first calls are not what is measured
        await client(bodies[0])
    times: list[float] = []
    distinct: dict[tuple[int, bytes], None] = {}
    failures: collections.Counter = collections.Counter()

    async def one(client, number: int, due: float) -> None:
        index = number % len(bodies)
        try:
            answer = await client(bodies[index])
        except Exception as error:
            failures[str(error)[:200]] += 1
            return
        times.append(time.perf_counter() - due)
        distinct.setdefault((index, answer))

    start = time.perf_counter()
    end = start + plan["seconds"]
    if plan["rate"] is None:

        async def closed_loop(client, number: int) -> None:
            while (now := time.perf_counter()) < end and not _told_to_stop(plan):
                await one(client, number, now)
                number += len(clients)

        await asyncio.gather(*(closed_loop(c, i) for i, c in enumerate(clients)))
        elapsed = time.perf_counter() - start
    else:
        elapsed = await _by_the_clock(plan["rate"], start, end, clients, one)
    times.sort()
    return {
        "answered": len(times),
        "failed": sum(failures.values()),
        "failures": dict(failures),
        "rate": len(times) / elapsed,
        "p50": times[len(times) // 2] if times else 0.0,
        "p99": times[int(len(times) * 0.99)] if times else 0.0,
        "distinct": [(index, base64.b64encode(a).decode()) for index, a in distinct],
    }


def _told_to_stop(plan: dict) -> bool:
    return plan["stop"] is not None and os.path.exists(plan["stop"])


async def _by_the_clock(rate: float, start: float, end: float, clients: list, one) -> float:
    """Sends at a steady rate whether or not answers come; times count from when one was due."""
    free: asyncio.Queue = asyncio.Queue()
    for client in clients:
        free.put_nowait(client)

    async def send(number: int, due: float) -> None:
        client = await free.get()
        await one(client, number, due)
        free.put_nowait(client)

    tasks = []
    for number in range(int((end - start) * rate)):
        due = start + number / rate
        if due > time.perf_counter():
            await asyncio.sleep(due - time.perf_counter())
        tasks.append(asyncio.create_task(send(number, due)))
    await asyncio.gather(*tasks)
    return time.perf_counter() - start


async def _connect_grpc(plan: dict):
    import grpc

    # Without an option of its own, channels to one address share a connection.
    channel = grpc.aio.insecure_channel(
        f"127.0.0.1:{plan['port']}", [("grpc.use_local_subchannel_pool", 1)]
    )
    call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")

    async def ask(body: bytes) -> bytes:
        return await call(body, timeout=120)

    return ask


async def _connect_rest(plan: dict):
    reader, writer = await asyncio.open_connection("127.0.0.1", plan["port"])
    head = f"POST /v1/models/{plan['model']}:predict HTTP/1.1\r\nHost: localhost\r\n"

    async def ask(body: bytes) -> bytes:
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        headers = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in headers.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        answer = await reader.readexactly(length)
        if b" 200 " not in headers.split(b"\r\n")[0]:
            raise RuntimeError(answer.decode(errors="replace"))
        return answer

    return ask


if __name__ == "__main__":
    print(json.dumps(asyncio.run(load(json.load(sys.stdin)))))
