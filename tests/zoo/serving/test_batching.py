"""Requests share calls without ever sharing answers."""

import asyncio
import threading

import numpy as np
import pytest
import tensorflow as tf

from zoo.serving.batch_options import BatchOptions
from zoo.serving.batching import Batcher
from zoo.serving.servable import Signature, Slot
from zoo.serving.status import Code, ServingError

BATCHES = BatchOptions(timeout=0.0)


class Recorder:
    """Stands for a signature: y = x * factor by rows; notes every call, can be held up."""

    name = "recorder"
    batchable = Signature.batchable

    def __init__(self, rows_in_output: bool = True):
        self.inputs = {
            "x": Slot(tf.float32, (None, None)),
            "factor": Slot(tf.float32, ()),
        }
        self.outputs = {"y": Slot(tf.float32, (None, None))}
        self.rows_in_output = rows_in_output
        self.calls: list[int] = []
        self.padding: list[np.ndarray] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def run(self, inputs):
        self.entered.set()
        self.gate.wait(20)
        x = inputs["x"]
        self.calls.append(len(x))
        self.padding.append(x)
        if (x == 666).any():
            raise ServingError(Code.INVALID_ARGUMENT, "a bad row")
        y = x * inputs["factor"]
        return {"y": y if self.rows_in_output else y[:1]}


def request(rows, value=1.0, factor=1.0, width=2):
    return {"x": np.full([rows, width], value, np.float32), "factor": np.float32(factor)}


def answer_all(signature, requests, options=BATCHES, hold=True, max_waiting=100):
    """Runs requests at the same time; while `hold`, the first call waits for all the others."""

    async def main():
        batcher = Batcher(threads=1, max_waiting=max_waiting)
        loop = asyncio.get_running_loop()
        if hold:
            signature.gate.clear()
        tasks = [
            asyncio.ensure_future(batcher.run(signature, inputs, options=options))
            for inputs in requests
        ]
        if hold:
            await loop.run_in_executor(None, signature.entered.wait, 20)
            await asyncio.sleep(0.02)
            signature.gate.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        batcher.close()
        return answers

    return asyncio.run(main())


def test_waiting_requests_share_one_call_and_get_their_own_rows():
    signature = Recorder()
    requests = [request(1 + i % 3, value=i) for i in range(7)]
    answers = answer_all(signature, requests, BATCHES)
    for given, answer in zip(requests, answers, strict=True):
        np.testing.assert_array_equal(answer["y"], given["x"])
    # The first left alone; the twelve rows of the six others went together.
    assert signature.calls == [1, 12]


def test_a_batch_ends_where_the_next_request_would_not_fit():
    signature = Recorder()
    requests = [request(3, value=i) for i in range(5)]
    answer_all(signature, requests, BatchOptions(max_batch_size=8, timeout=0.0))
    assert signature.calls == [3, 6, 6]


def test_settings_and_shapes_that_differ_are_kept_apart():
    signature = Recorder()
    requests = [request(1), *(request(1, i, factor=f) for i in range(3) for f in (2.0, 3.0))]
    requests += [request(1, 5.0, width=4), request(2, 6.0, width=4)]
    answers = answer_all(signature, requests, BATCHES)
    for given, answer in zip(requests, answers, strict=True):
        np.testing.assert_array_equal(answer["y"], given["x"] * given["factor"])
    assert sorted(signature.calls) == [1, 3, 3, 3]


def test_one_bad_row_spoils_nobody_elses_answer():
    signature = Recorder()
    requests = [request(1), request(2, 7.0), request(1, 666.0), request(1, 8.0)]
    answers = answer_all(signature, requests, BATCHES)
    assert isinstance(answers[2], ServingError) and answers[2].code == Code.INVALID_ARGUMENT
    for index in (0, 1, 3):
        np.testing.assert_array_equal(answers[index]["y"], requests[index]["x"])


def test_outputs_without_a_row_for_each_input_are_not_cut_up():
    signature = Recorder(rows_in_output=False)
    requests = [request(1, float(i)) for i in range(4)]
    answers = answer_all(signature, requests, BATCHES)
    assert [answer["y"][0, 0] for answer in answers] == [0, 1, 2, 3]


def test_padding_goes_up_to_an_allowed_size_and_is_cut_off():
    signature = Recorder()
    requests = [request(1), *(request(1, float(i)) for i in range(2, 5))]
    options = BatchOptions(max_batch_size=8, timeout=0.0, allowed_batch_sizes=(4, 8))
    answers = answer_all(signature, requests, options)
    assert signature.calls == [1, 4]
    assert [len(answer["y"]) for answer in answers] == [1, 1, 1, 1]


def test_with_a_batch_size_of_one_nothing_is_shared():
    signature = Recorder()
    answer_all(signature, [request(1)] * 5, BatchOptions(max_batch_size=1))
    assert signature.calls == [1] * 5


def test_no_row_and_more_rows_than_a_batch_run_alone():
    signature = Recorder()
    requests = [request(1), request(0), request(50), request(1)]
    answers = answer_all(signature, requests, BatchOptions(max_batch_size=8, timeout=0.0))
    assert [len(answer["y"]) for answer in answers] == [1, 0, 50, 1]
    assert sorted(signature.calls) == [0, 1, 1, 50]


def test_a_free_thread_waits_for_company_as_long_as_it_is_told():
    signature = Recorder()
    options = BatchOptions(timeout=0.2)
    answer_all(signature, [request(1)] * 3, options, hold=False)
    assert signature.calls == [3]


def test_a_full_batch_does_not_wait():
    signature = Recorder()
    options = BatchOptions(max_batch_size=4, timeout=3600.0)
    answer_all(signature, [request(2)] * 2, options, hold=False)
    assert signature.calls == [4]


def test_a_full_queue_refuses_at_once():
    signature = Recorder()
    answers = answer_all(signature, [request(1)] * 6, None, max_waiting=3)
    refused = [a for a in answers if isinstance(a, ServingError)]
    # One runs, three wait, two are refused.
    assert len(refused) == 2 and answers[4:] == refused
    assert {a.code for a in refused} == {Code.RESOURCE_EXHAUSTED}
    assert {a.http_status for a in refused} == {503}
    assert signature.calls == [1] * 4


def test_a_request_past_its_deadline_is_not_run():
    async def main():
        signature = Recorder()
        signature.gate.clear()
        batcher = Batcher(threads=1)
        loop = asyncio.get_running_loop()
        first = asyncio.ensure_future(batcher.run(signature, request(1), options=BATCHES))
        await loop.run_in_executor(None, signature.entered.wait, 20)
        with pytest.raises(ServingError) as caught:
            await batcher.run(signature, request(1), options=BATCHES, deadline=loop.time() + 0.01)
        assert caught.value.code == Code.DEADLINE_EXCEEDED
        signature.gate.set()
        await first
        batcher.close()
        return signature.calls

    assert asyncio.run(main()) == [1]


def test_a_caller_that_goes_away_is_not_run():
    async def main():
        signature = Recorder()
        signature.gate.clear()
        batcher = Batcher(threads=1)
        loop = asyncio.get_running_loop()
        first = asyncio.ensure_future(batcher.run(signature, request(1), options=BATCHES))
        await loop.run_in_executor(None, signature.entered.wait, 20)
        gone = asyncio.ensure_future(batcher.run(signature, request(1), options=BATCHES))
        await asyncio.sleep(0.01)
        gone.cancel()
        signature.gate.set()
        await first
        await asyncio.gather(gone, return_exceptions=True)
        batcher.close()
        return signature.calls

    assert asyncio.run(main()) == [1]


@pytest.mark.parametrize("sizes", [(4, 2, 8), (2, 4), (4, 4, 8)])
def test_allowed_sizes_ascend_and_end_with_the_greatest(sizes):
    with pytest.raises(ValueError, match="allowed_batch_sizes"):
        BatchOptions(max_batch_size=8, allowed_batch_sizes=sizes)


def test_those_who_were_answered_together_are_waited_for(monkeypatch):
    # With this patience, only the number that came last time can send a call off.
    monkeypatch.setattr("zoo.serving.batching._PATIENCE", 1e6)

    async def main():
        signature = Recorder()
        batcher = Batcher(threads=1)
        loop = asyncio.get_running_loop()

        def ask():
            return asyncio.ensure_future(batcher.run(signature, request(1), options=BATCHES))

        signature.gate.clear()
        first = ask()
        await loop.run_in_executor(None, signature.entered.wait, 20)
        others = [ask() for _ in range(3)]
        await asyncio.sleep(0.01)
        signature.gate.set()
        await asyncio.gather(first, *others)
        assert signature.calls == [1, 3]
        early = [ask(), ask()]
        await asyncio.sleep(0.05)
        assert signature.calls == [1, 3]
        await asyncio.gather(*early, ask())
        assert signature.calls == [1, 3, 3]
        batcher.close()

    asyncio.run(main())


def test_a_lone_caller_is_never_made_to_wait(monkeypatch):
    monkeypatch.setattr("zoo.serving.batching._PATIENCE", 1e6)

    async def main():
        signature = Recorder()
        batcher = Batcher(threads=1)
        for _ in range(5):
            await asyncio.wait_for(batcher.run(signature, request(1), options=BATCHES), 20)
        batcher.close()
        return signature.calls

    assert asyncio.run(main()) == [1] * 5


def test_callers_who_stay_away_are_not_waited_for_long():
    async def main():
        signature = Recorder()
        batcher = Batcher(threads=1)
        tasks = [batcher.run(signature, request(1), options=BATCHES) for _ in range(4)]
        await asyncio.gather(*tasks)
        await asyncio.wait_for(batcher.run(signature, request(1), options=BATCHES), 20)
        batcher.close()
        return sum(signature.calls)

    assert asyncio.run(main()) == 5
