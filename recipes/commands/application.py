"""The commands of `zoo` by name; each is imported when it is called."""

import importlib

import click

COMMANDS = {
    "list": "recipes.commands.list",
    "fit": "recipes.commands.fit",
    "average": "recipes.commands.average",
    "evaluate": "recipes.commands.evaluate",
    "predict": "recipes.commands.predict",
    "export": "recipes.commands.export",
    "serve": "recipes.commands.serve",
    "tune": "recipes.commands.tune",
    "data": "recipes.commands.data",
    "saved": "recipes.commands.saved",
    "plot": "recipes.commands.plot",
}


class _Lazy(click.Group):
    """A group whose commands are modules: `zoo --help` imports no TensorFlow."""

    def list_commands(self, context):
        return list(COMMANDS)

    def get_command(self, context, name):
        if name not in COMMANDS:
            return None
        return importlib.import_module(COMMANDS[name]).command

    def resolve_command(self, context, arguments):
        if arguments and arguments[0] not in COMMANDS:
            from zoo.errors import unknown_name

            raise unknown_name("command", arguments[0], COMMANDS)
        return super().resolve_command(context, arguments)


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rnn-zoo", prog_name="zoo")
def application():
    """Recurrent networks for Keras 3: pick a recipe and fit it, infer, tune, export, serve."""
