"""zoo serve"""

from pathlib import Path

import click

from command_line.output import import_tensorflow
from zoo.errors import InputError


@click.command("serve")
@click.argument("models", nargs=-1, metavar="[SAVED_MODEL ...]")
@click.option(
    "--model-base",
    type=click.Path(path_type=Path),
    help="Serve every model in this folder. Default: the saved models that are found.",
)
@click.option("--rest-port", type=click.IntRange(0, 65535), default=8501, show_default=True)
@click.option("--grpc-port", type=click.IntRange(0, 65535), default=8500, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
def command(models, model_base, rest_port, grpc_port, host):
    """Serve saved models over TensorFlow Serving's REST and gRPC interfaces."""
    import_tensorflow()
    from zoo.serving import saved_model, serve

    chosen = {}
    for given in models:
        version = saved_model.find(model_base / given if model_base else given)
        if version.parent.name in chosen:
            raise InputError(f"two models are named {version.parent.name!r}; serve one of them")
        chosen[version.parent.name] = version.parent
    if not models and model_base is None:
        found = saved_model.folders()
        if not found:
            raise InputError(
                "there is no folder saved_models here; name a SAVED_MODEL or give --model-base"
            )
        model_base = found[0]
    serve(
        None if models else model_base,
        chosen,
        rest_port=rest_port,
        grpc_port=grpc_port,
        host=host,
    )
