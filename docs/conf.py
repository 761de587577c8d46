"""Sphinx configuration: warnings are fatal, every code cell runs."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_ext")]

import simtheory  # noqa: E402

project = "simtheory"
author = "The simtheory founders"
copyright = "2026, the simtheory founders"
version = release = simtheory.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",
    "sphinx.ext.viewcode",
    "sphinxcontrib.bibtex",
    "figures",
    "labels",
    "signatures",
]

bibtex_bibfiles = ["../simtheory/references.bib"]
bibtex_reference_style = "author_year"

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
nb_render_markdown_format = "myst"

autosummary_generate = True
autosummary_imported_members = False
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

nitpicky = True
intersphinx_mapping: dict = {}

html_theme = "pydata_sphinx_theme"
html_title = "simtheory"
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "header_links_before_dropdown": 10,  # all: none hides behind "More"
    "navbar_align": "left",
}
_PLAIN = ("index", "quickstart", "fit", "sweeps", "ledger", "errata", "genindex", "search")
html_sidebars: dict[str, list[str]] = {page: [] for page in _PLAIN}
html_static_path = ["_static"]
html_css_files = ["house.css"]
html_js_files = [("copy_latex.js", {"priority": 100})]  # before MathJax, which replaces the LaTeX
html_show_sourcelink = False
html_copy_source = False
exclude_patterns = ["_build", "jupyter_execute"]
templates_path = ["_templates"]
