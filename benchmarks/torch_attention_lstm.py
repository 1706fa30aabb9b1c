"""The zoo's LSTM decoder with additive attention, written in eager PyTorch, with its searches.

What `benchmarks.decoding` runs beside: the same weights, the same algorithm, as a person would
write it for PyTorch, with batched ops and nothing done twice.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from zoo.topologies.attention_decoder import AttentionDecoder


class TorchDecoder(nn.Module):
    """One step of the decoder: `(tokens, state, memory) -> (logits, state)`.

    Args:
        decoder: A built decoder with one layer of "lstm" and "additive" attention, query
            "current", no input feeding; its weights are copied.
    """

    def __init__(self, decoder: AttentionDecoder):
        super().__init__()
        weights = {
            "/".join(variable.path.split("/")[-2:]): torch.from_numpy(variable.numpy())
            for variable in decoder.variables
        }
        cell = {name.split("/")[-1]: value for name, value in weights.items() if "cell" in name}
        self.embedding = nn.Embedding.from_pretrained(weights["embedding/embeddings"])
        self.cell = nn.LSTMCell(cell["kernel"].shape[0], decoder.units)
        with torch.no_grad():
            # Gates lie in the order i, f, g, o in both.
            self.cell.weight_ih.copy_(cell["kernel"].T)
            self.cell.weight_hh.copy_(cell["recurrent_kernel"].T)
            self.cell.bias_ih.copy_(cell["bias"])
            self.cell.bias_hh.zero_()
        self.query = _linear(weights["query_projection/kernel"])
        self.key = _linear(weights["key_projection/kernel"])
        scoring = next(value for name, value in weights.items() if "scoring_vector" in name)
        self.scoring = nn.Parameter(scoring)
        self.combine = _linear(weights["combine/kernel"])
        self.head = _linear(weights["output_projection/kernel"], weights["output_projection/bias"])

    def prepare(self, values):
        """Returns the memory with its projected keys."""
        return values, self.key(values)

    def step(self, tokens, state, memory):
        """Runs one step."""
        values, keys = memory
        hidden, cell = self.cell(self.embedding(tokens), state)
        scores = torch.tanh(self.query(hidden)[:, None] + keys) @ self.scoring
        weights = torch.softmax(scores, dim=-1)
        context = torch.bmm(weights[:, None], values)[:, 0]
        output = torch.tanh(self.combine(torch.cat([hidden, context], dim=-1)))
        return self.head(output), (hidden, cell)


def _linear(kernel, bias=None):
    layer = nn.Linear(*kernel.shape, bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(kernel.T)
        if bias is not None:
            layer.bias.copy_(bias)
    return layer


@torch.inference_mode()
def greedy_search(step, state, memory, *, start_id, stop_id, max_length):
    """Returns tokens [B, T] with the stop token and what follows it, and log-probabilities [B]."""
    rows = memory[0].shape[0]
    tokens = torch.full([rows], start_id)
    is_open = torch.ones([rows], dtype=torch.bool)
    total, chosen = torch.zeros([rows]), []
    for _ in range(max_length):
        logits, state = step(tokens, state, memory)
        best, tokens = functional.log_softmax(logits, dim=-1).max(dim=-1)
        total += torch.where(is_open, best, 0.0)
        chosen.append(tokens)
        is_open &= tokens != stop_id
        if not is_open.any():
            break
    return torch.stack(chosen, dim=1), total


@torch.inference_mode()
def beam_search(step, state, memory, *, beam_width, start_id, stop_id, max_length, length_penalty):
    """Returns the best hypothesis of each row, a list of token lists, and the scores [B, K]."""
    rows = memory[0].shape[0]
    state = tuple(part.repeat_interleave(beam_width, dim=0) for part in state)
    memory = tuple(part.repeat_interleave(beam_width, dim=0) for part in memory)
    tokens = torch.full([rows * beam_width], start_id)
    log_probabilities = torch.full([rows, beam_width], -math.inf)
    log_probabilities[:, 0] = 0.0
    best = torch.full([rows, beam_width], -math.inf)
    offsets = torch.arange(rows)[:, None] * beam_width
    longest = ((5 + max_length) / 6) ** length_penalty
    trail = []
    for index in range(max_length):
        logits, state = step(tokens, state, memory)
        values = functional.log_softmax(logits, dim=-1).view(rows, beam_width, -1)
        num_tokens = values.shape[-1]
        totals = (values + log_probabilities[:, :, None]).view(rows, -1)
        kept, choices = totals.topk(beam_width, dim=-1)
        parents, chosen = choices // num_tokens, choices % num_tokens
        order = (parents + offsets).view(-1)
        state = tuple(part[order] for part in state)
        ended = chosen == stop_id
        if index + 1 == max_length:
            ended = torch.ones_like(ended)
        scores = torch.where(ended, kept / ((6 + index) / 6) ** length_penalty, -math.inf)
        best = torch.cat([best, scores], dim=1).topk(beam_width, dim=-1).values
        log_probabilities = torch.where(ended, -math.inf, kept)
        bound = log_probabilities.max(dim=1, keepdim=True).values / longest
        log_probabilities.masked_fill_(best[:, -1:] >= bound, -math.inf)
        trail.append((chosen, parents, scores))
        tokens = chosen.view(-1)
        if not (log_probabilities > -math.inf).any():
            break
    return _best_of(trail, stop_id, beam_width), best


def _best_of(trail, stop_id, beam_width):
    scores = torch.cat([scores for _, _, scores in trail], dim=1)
    chosen = torch.stack([chosen for chosen, _, _ in trail]).tolist()
    parents = torch.stack([parents for _, parents, _ in trail]).tolist()
    found = []
    for row, place in enumerate(scores.argmax(dim=1).tolist()):
        time, slot = divmod(place, beam_width)
        tokens = []
        while time >= 0:
            tokens.append(chosen[time][row][slot])
            slot = parents[time][row][slot]
            time -= 1
        tokens = tokens[::-1]
        found.append(tokens[:-1] if tokens[-1] == stop_id else tokens)
    return found
