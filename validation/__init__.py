"""The papers figure by figure, a folder for each topic; ``python -m validation`` lists the figures."""
