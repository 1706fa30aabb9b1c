"""What setup.cfg cannot say: the index of saved models goes into the package."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

INDEX = Path("saved_models") / "index.json"


class BuildWithIndex(build_py):
    """Copies saved_models/index.json to zoo/references/, where the installed zoo reads it."""

    def run(self):
        super().run()
        if not self.editable_mode and INDEX.is_file():
            target = Path(self.build_lib, "zoo", "references")
            self.copy_file(str(INDEX), str(target / "index.json"))


setup(cmdclass={"build_py": BuildWithIndex})
