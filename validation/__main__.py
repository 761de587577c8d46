"""List the figures: the command that draws each one, and its title."""

from validation.common import found

for figure in found():
    print(f"python -m validation.{figure.topic}.{figure.name}\n    {figure.title}")
