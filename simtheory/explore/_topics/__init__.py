"""Topics of the explorer, one a module: controls, what they draw, and the code that draws it."""
