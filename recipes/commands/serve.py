"""zoo serve"""

from pathlib import Path

import click

from recipes.commands.output import import_tensorflow
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
@click.option(
    "--config-file",
    type=click.Path(path_type=Path),
    help="A models.config of TensorFlow Serving, in place of folders; read again when it changes.",
)
@click.option("--max-batch-size", type=click.IntRange(min=1), help="Rows in one call of a model.")
@click.option("--batch-timeout", type=click.FloatRange(min=0), help="Seconds to wait for company.")
@click.option("--batch-threads", type=click.IntRange(min=1), help="Calls of models at a time.")
@click.option(
    "--max-waiting",
    type=click.IntRange(min=1),
    default=1024,
    show_default=True,
    help="Requests in a queue; one more is answered RESOURCE_EXHAUSTED or 503.",
)
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="Seconds that SIGTERM leaves to what is in flight.",
)
@click.option(
    "--tls",
    nargs=2,
    type=click.Path(path_type=Path),
    metavar="CERTIFICATE KEY",
    help="PEM files; both interfaces are encrypted.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    help="A file with the bearer token that callers must send.",
)
def command(
    models, model_base, rest_port, grpc_port, host, config_file, tls, token_file, **options
):
    """Serve saved models over TensorFlow Serving's REST and gRPC interfaces."""
    import_tensorflow()
    from zoo.references import saved_models
    from zoo.serving import serve

    if config_file and (models or model_base):
        raise click.UsageError("--config-file names the models; leave the folders out")
    options |= {"tls": tls or None, "token": _token(token_file), "config_file": config_file}
    chosen = {}
    for given in models:
        version = saved_models.find(model_base / given if model_base else given)
        if version.parent.name in chosen:
            raise InputError(f"two models are named {version.parent.name!r}; serve one of them")
        chosen[version.parent.name] = version.parent
    if not models and model_base is None and config_file is None:
        found = saved_models.folders()
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
        **options,
    )


def _token(path: Path | None) -> str | None:
    # From a file: an argument would stand in the list of processes for everyone to read.
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected a file with the token") from None
