"""``python -m simtheory``: the command line."""

from simtheory.cli import main

main(prog_name="simtheory")
