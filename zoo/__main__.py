"""`python -m zoo` is the command `zoo`; this door is the one place below it that knows it."""

from recipes.commands.main import run

if __name__ == "__main__":
    run()
