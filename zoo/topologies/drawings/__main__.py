"""Writes the drawings of the documentation: python -m zoo.topologies.drawings docs/drawings."""

import sys
from pathlib import Path

from zoo.topologies.drawings import draw_model, save
from zoo.topologies.registry import builders

# File name: builder and settings. Every builder is here by its own name.
SHOWN = {
    "perceptron": ("perceptron", {}),
    "recurrent_features": ("recurrent_features", {}),
    "n_to_n": ("n_to_n", {}),
    "n_to_n-crf": ("n_to_n", {"bidirectional": True, "crf": True}),
    "n_to_n-layers": ("n_to_n", {"num_layers": 2}),
    "n_to_one": ("n_to_one", {}),
    "n_to_one-attention": ("n_to_one", {"pooling": "attention", "bidirectional": True}),
    "n_to_one-clip": ("n_to_one", {"num_features": 64, "frame_shape": (8, 8, 1)}),
    "joint": ("joint", {}),
    "tagger": ("tagger", {"crf": True}),
    "cloze": ("cloze", {}),
    "reading_comprehension": ("reading_comprehension", {}),
    "forecast": ("forecast", {}),
    "forecast-n_to_m": ("forecast", {"form": "n_to_m", "num_future": 2}),
    "one_to_n": ("one_to_n", {}),
    "one_to_n-first_step": ("one_to_n", {"injection": "first_step"}),
    "one_to_n-initial_state": ("one_to_n", {"injection": "initial_state"}),
    "one_to_n-no_feedback": ("one_to_n", {"feedback": False}),
    "one_to_n-first_step-no_feedback": (
        "one_to_n",
        {"injection": "first_step", "feedback": False},
    ),
    "captioning": ("captioning", {}),
    "one_to_frames": ("one_to_frames", {}),
    "n_to_m": ("n_to_m", {}),
    "n_to_m-every_step": ("n_to_m", {"context": "transform_last", "injection": "every_step"}),
    "n_to_m-all": ("n_to_m", {"context": "transform_all", "injection": "both"}),
    "n_to_m-token": (
        "n_to_m",
        {"context": "transform_last", "injection": "both", "output_head": "maxout"},
    ),
    "n_to_m-no_feedback": ("n_to_m", {"feedback": False}),
    "attention_n_to_m": ("attention_n_to_m", {}),
    "attention_n_to_m-previous": ("attention_n_to_m", {"query": "previous"}),
    "attention_n_to_m-previous_output": ("attention_n_to_m", {"query": "previous_output"}),
    "attention_n_to_m-input_feeding": (
        "attention_n_to_m",
        {"bidirectional": False, "input_feeding": True, "decoder_layers": 2, "encoder_layers": 2},
    ),
    "attention_n_to_m-token": (
        "attention_n_to_m",
        {"query": "previous", "output_head": "maxout"},
    ),
    "skip_thought": ("skip_thought", {}),
    "grid_rnn": ("grid_rnn", {}),
    "grid_rnn-convolution": ("grid_rnn", {"kernel_size": (3, 3)}),
    "grid_rnn-grid_lstm": ("grid_rnn", {"cell": "grid_lstm"}),
}


def write_all(folder: Path) -> list[Path]:
    """Writes every drawing as SVG into a folder and returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for file, (name, settings) in SHOWN.items():
        if name not in builders:
            continue
        paths.append(folder / f"{file}.svg")
        save(draw_model(name, **settings), paths[-1])
    return paths


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m zoo.topologies.drawings FOLDER")
    for path in write_all(Path(sys.argv[1])):
        print(path)
