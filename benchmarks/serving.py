"""The embedded server under load, as ratios: batched to unbatched, and to the model in-process.

    python -m benchmarks.serving --model g2p
    python -m benchmarks.serving --model g2p --sizes     in-process alone, by batch size

The requests are words for a model that takes one text, and else the model's own warm-up requests
for `serving_default`, one row each. The load comes from a process of its own, so that it shares
processors but no interpreter with the server. Every answer is compared with the model called
in-process; wrong and lost ones are counted, and the exit code is then 1. Phases that are compared
run in turns, several rounds, and the medians of the rounds are printed: a machine with other work
on it slows both sides alike.
"""

import argparse
import base64
import collections
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import numpy as np

WORDS = """
photograph neural network recurrent pronunciation dictionary through though tough cough
psychology rhythm queue colonel yacht choir aisle island knight gnome write wrist castle listen
hour honest machine character architecture champagne chorus school schedule science conscious
ocean special nation vision measure pleasure treasure azure beige garage collage xylophone zebra
quartz jazz fizz buzz banana avocado tomato potato cat dog fish bird elephant hippopotamus a an
the of
""".split()  # noqa: SIM905
CLIENTS = 32
MANY_CLIENTS = 64
# What the ratios are to be: (name, at least or at most, the figure).
TARGETS = {
    "batched, 64 clients / in-process, batch 32": (">=", 0.8),
    "batched / unbatched, 32 clients": (">=", 4.0),
    "p99 / p50 at half of the peak": ("<", 5.0),
}


def main() -> int:
    """Runs the benchmark and prints its table; 1 where an answer was wrong or lost."""
    arguments = _arguments()
    from zoo.references.versions import list_versions
    from zoo.serving import Server
    from zoo.serving.servable import Servable

    folder = arguments.model_base / arguments.model
    version = list_versions(folder)[-1]
    servable = Servable(arguments.model, version, folder / str(version))
    signature = servable.signature("")
    rows = _words(signature) or _single_rows(folder / str(version), signature)
    expected = [signature.run(signature.complete(row)) for row in rows]
    if arguments.sizes:
        _print_sizes(_Bench(arguments, signature, rows, expected))
        return 0
    models = {arguments.model: folder}
    common = {"rest_port": 0, "grpc_port": 0, "poll_seconds": 0, "max_waiting": 4096}
    common["batch_threads"] = arguments.batch_threads
    with (
        Server(models=models, max_batch_size=CLIENTS, **common) as batched,
        Server(models=models, max_batch_size=1, **common) as unbatched,
    ):
        bench = _Bench(arguments, signature, rows, expected)
        bench.run(batched, unbatched)
    bench.swap(folder / str(version))
    _print(arguments, bench, len(rows))
    return 1 if bench.wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="g2p")
    parser.add_argument("--model-base", type=Path, default=Path("saved_models"))
    parser.add_argument("--seconds", type=float, default=4.0, help="of each phase")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch-threads", type=int, default=None)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--sizes", action="store_true", help="only rows a second by batch size")
    return parser.parse_args()


def _words(signature) -> list[dict[str, np.ndarray]]:
    """Makes a request of each word if the only input without a default is text."""
    needed = [name for name in signature.inputs if name not in signature.defaults]
    if len(needed) != 1 or str(signature.inputs[needed[0]]) != "string[any]":
        return []
    return [{needed[0]: np.array([word.encode()], dtype=object)} for word in WORDS]


def _single_rows(version_folder: Path, signature) -> list[dict[str, np.ndarray]]:
    """Cuts the warm-up requests of serving_default into requests of one row."""
    from zoo.serving.tensors import to_array
    from zoo.serving.warmup import read_warmup

    rows = []
    for request in read_warmup(version_folder):
        if request.model_spec.signature_name not in ("", "serving_default"):
            continue
        inputs = {k: to_array(v, k, float("inf")) for k, v in request.inputs.items()}
        batch = [name for name in inputs if signature.inputs[name].has_rows()]
        for i in range(len(inputs[batch[0]]) if batch else 0):
            rows.append({k: v[i : i + 1] if k in batch else v for k, v in inputs.items()})
    if not rows:
        raise SystemExit("the model has no warm-up request for serving_default to send")
    return rows


class _Bench:
    """Runs the phases; `figures` collects one number a round under each name."""

    def __init__(self, arguments, signature, rows, expected):
        self.arguments = arguments
        self.signature = signature
        self.rows = rows
        self.expected = expected
        self.figures: dict[str, list[float]] = collections.defaultdict(list)
        self.wrong = 0
        self.answered = 0

    def run(self, batched, unbatched) -> None:
        note = self.figures
        for _ in range(self.arguments.rounds):
            alone = self.in_process(1)
            together = self.in_process(CLIENTS)
            with_batches = self._under_load(batched, "grpc", CLIENTS)
            without = self._under_load(unbatched, "grpc", CLIENTS)
            many = self._under_load(batched, "grpc", MANY_CLIENTS)
            rest = self._under_load(batched, "rest", CLIENTS)
            peak = with_batches["rate"]
            half = self._under_load(batched, "grpc", CLIENTS, rate=peak / 2)
            note["in-process, batch 1 (rows/s)"].append(alone)
            note[f"in-process, batch {CLIENTS} (rows/s)"].append(together)
            note[f"gRPC unbatched, {CLIENTS} clients (rows/s)"].append(without["rate"])
            note[f"gRPC batched, {CLIENTS} clients (rows/s)"].append(peak)
            note[f"gRPC batched, {MANY_CLIENTS} clients (rows/s)"].append(many["rate"])
            note[f"REST batched, {CLIENTS} clients (rows/s)"].append(rest["rate"])
            note["p50 at half of the peak (ms)"].append(half["p50"] * 1e3)
            note["p99 at half of the peak (ms)"].append(half["p99"] * 1e3)
            # With twice as many clients as rows in a batch, all batches are full.
            note["batched, 64 clients / in-process, batch 32"].append(many["rate"] / together)
            note["batched / unbatched, 32 clients"].append(peak / without["rate"])
            note["p99 / p50 at half of the peak"].append(half["p99"] / half["p50"])

    def swap(self, version_folder: Path) -> None:
        """Puts a new version in the place of the old one under the load of 64 clients."""
        from zoo.serving import Server

        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / self.arguments.model
            stop = Path(temporary) / "stop"
            shutil.copytree(version_folder, folder / "1")
            models = {self.arguments.model: folder}
            with Server(models=models, rest_port=0, grpc_port=0, poll_seconds=0) as server:

                def publish() -> None:
                    while _answered(server) < 2 * MANY_CLIENTS:
                        time.sleep(0.02)
                    shutil.copytree(version_folder, folder / "staging")
                    (folder / "staging").rename(folder / "2")
                    server.refresh()
                    time.sleep(1.0)
                    stop.touch()

                thread = threading.Thread(target=publish)
                thread.start()
                result = self._under_load(server, "grpc", MANY_CLIENTS, stop=stop)
                thread.join()
        versions = {_version_of(base64.b64decode(answer)) for _, answer in result["distinct"]}
        print(
            f"version swapped under {MANY_CLIENTS} clients: {result['answered']} answers from "
            f"versions {sorted(versions)}, {result['failed']} failed"
        )
        if versions != {1, 2}:
            raise SystemExit("the load did not see both versions")

    def in_process(self, batch: int) -> float:
        """Calls the SavedModel in a loop; returns rows a second."""
        picked = [self.rows[i % len(self.rows)] for i in range(batch)]
        whole = [self.signature.complete(row) for row in picked]
        inputs = {
            name: np.concatenate([row[name] for row in whole])
            if self.signature.inputs[name].has_rows()
            else whole[0][name]
            for name in whole[0]
        }
        self.signature.run(inputs)
        start, calls = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - start) < self.arguments.seconds:
            self.signature.run(inputs)
            calls += 1
        return calls * batch / elapsed

    def _under_load(
        self,
        server,
        transport: str,
        clients: int,
        rate: float | None = None,
        stop: Path | None = None,
    ) -> dict:
        port = server.grpc_port if transport == "grpc" else server.rest_port
        plan = {
            "transport": transport,
            "port": port,
            "model": self.arguments.model,
            "clients": clients,
            "seconds": 120.0 if stop else self.arguments.seconds,
            "stop": str(stop) if stop else None,
            "rate": rate,
            "bodies": [base64.b64encode(self._body(row, transport)).decode() for row in self.rows],
        }
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.serving_load"],
            input=json.dumps(plan),
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f"the load generator failed: {done.stderr[-2000:]}")
        result = json.loads(done.stdout.splitlines()[-1])
        self.answered += result["answered"]
        self.wrong += result["failed"]
        if result["failed"]:
            print(f"{result['failed']} requests failed: {result['failures']}", file=sys.stderr)
        for index, answer in result["distinct"]:
            if not self._right(self.expected[index], base64.b64decode(answer), transport):
                self.wrong += 1
        return result

    def _body(self, row: dict, transport: str) -> bytes:
        from tensorflow_serving.apis import predict_pb2

        from zoo.serving.json_format import write_tensor
        from zoo.serving.tensors import to_proto

        if transport == "rest":
            whole = self.signature.complete(row)  # REST asks for inputs with a default too
            inputs = {name: write_tensor(array, "") for name, array in whole.items()}
            return json.dumps({"inputs": inputs}).encode()
        request = predict_pb2.PredictRequest()
        request.model_spec.name = self.arguments.model
        for name, array in row.items():
            to_proto(array, request.inputs[name])
        return request.SerializeToString()

    def _right(self, expected: dict, answer: bytes, transport: str) -> bool:
        """Compares an answer with the model's own; other rows of a batch may have padded it."""
        from tensorflow_serving.apis import predict_pb2

        from zoo.serving.json_format import write_tensor
        from zoo.serving.tensors import to_array

        if transport == "rest":
            found = json.loads(answer)["outputs"]
            if len(expected) == 1:
                found = {next(iter(expected)): found}
            return set(found) == set(expected) and all(
                _same_json(write_tensor(array, name), found[name])
                for name, array in expected.items()
            )
        response = predict_pb2.PredictResponse.FromString(answer)
        if set(response.outputs) != set(expected):
            return False
        for name, array in expected.items():
            got = to_array(response.outputs[name], name, float("inf"))
            got = got[tuple(slice(size) for size in array.shape)]
            if got.shape != array.shape:
                return False
            if array.dtype.kind == "f":
                # Another batch size adds floats up in another order.
                if not np.allclose(got, array, rtol=1e-3, atol=1e-4):
                    return False
            elif not np.array_equal(got, array):
                return False
        return True


def _answered(server) -> int:
    """Reads from the server's metrics how many predict requests it has answered."""
    page = httpx.get(f"http://127.0.0.1:{server.rest_port}/metrics").text
    return sum(
        int(float(line.split()[-1]))
        for line in page.splitlines()
        if line.startswith("zoo_serving_requests_total") and 'method="predict"' in line
    )


def _version_of(answer: bytes) -> int:
    from tensorflow_serving.apis import predict_pb2

    return predict_pb2.PredictResponse.FromString(answer).model_spec.version.value


def _same_json(expected, found) -> bool:
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and len(found) >= len(expected)
            and all(_same_json(e, f) for e, f in zip(expected, found, strict=False))
        )
    if isinstance(expected, float):
        return abs(expected - found) <= 1e-4 + 1e-3 * abs(expected)
    return expected == found


def _print_sizes(bench: _Bench) -> None:
    """Prints what a call costs by batch size: where it stops paying is the size to allow."""
    sizes = (1, 2, 4, 8, 16, 24, 32, 48, 64, 128)
    rounds = [[bench.in_process(size) for size in sizes] for _ in range(bench.arguments.rounds)]
    for size, rates in zip(sizes, zip(*rounds, strict=True), strict=True):
        rate = statistics.median(rates)
        print(f"  batch {size:4d} {rate:10.1f} rows/s {1e3 * size / rate:10.1f} ms a call")


def _print(arguments, bench: _Bench, requests: int) -> None:
    medians = {name: statistics.median(values) for name, values in bench.figures.items()}
    print(f"model {arguments.model}, {requests} different requests of one row")
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors")
    print(f"medians of {arguments.rounds} rounds of {arguments.seconds:g} s a phase")
    for name, value in medians.items():
        line = f"  {name:44s} {value:10.2f}"
        if name in TARGETS:
            sign, target = TARGETS[name]
            met = value >= target if sign == ">=" else value < target
            line += f"   target {sign} {target:g}: {'met' if met else 'missed'}"
        print(line)
    print(f"{bench.answered} answers, {bench.wrong} wrong or lost")
    if arguments.json:
        record = {"model": arguments.model, "median": medians, "rounds": bench.figures}
        arguments.json.write_text(json.dumps(record, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
