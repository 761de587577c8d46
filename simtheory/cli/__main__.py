"""``python -m simtheory.cli``."""

from simtheory.cli import main

main(prog_name="simtheory")
