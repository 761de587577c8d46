"""Style sheets of the explorer's page, in the colours of reports and plots."""

from __future__ import annotations

__all__ = ["BUTTON", "FIELD", "PAGE", "STRETCH", "TABS", "TEXT"]

STRETCH = {"sizing_mode": "stretch_width", "margin": (2, 5)}

_TONES = """
:host { --ink: #1c2330; --soft: #5b6575; --line: #dde1e8; --paper: #fff; --wash: #f4f6f9; --bad: #b3401f;
        --bokeh-font-size: 14px; --bokeh-base-font: system-ui, sans-serif; color: var(--ink);
        font: 14px/1.45 system-ui, sans-serif; }
"""
PAGE = """
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 84rem; padding: 1rem; background: #fff; }
"""
TEXT = (
    _TONES
    + """
.bk-clearfix { width: 100%; }
h1 { font-size: 22px; margin: 0; } h2 { font-size: 15px; margin: 2px 0; } p { margin: 2px 0; }
.soft { color: var(--soft); } .bad { color: var(--bad); margin: 0; }
h2 .hint { font-weight: 400; font-size: 12.5px; }
ul.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 0 14px; margin: 0; padding: 0;
            color: var(--soft); font-size: 12.5px; }
ul.legend svg { vertical-align: middle; margin-right: 5px; }
.tables { display: flex; flex-wrap: wrap; gap: 10px 40px; margin-top: 6px; } .tables > div { max-width: 100%; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th { color: var(--soft); font-weight: 400; text-align: right; vertical-align: bottom; }
th, td { padding: 2px 0 2px 16px; text-align: right; border-bottom: 1px solid var(--line); }
tr > :first-child { text-align: left; padding-left: 0; }
pre { background: var(--wash); padding: 10px; margin: 0; overflow-x: auto; font-size: 12px; }
.note { border-left: 4px solid var(--bad); background: var(--wash); padding: 4px 10px; }
"""
)
FIELD = (
    _TONES
    + """
.bk-input { color: var(--ink); border-color: var(--line); height: 28px; padding: 0 8px; }
label { color: var(--soft); font-size: 13px; white-space: normal; }
:host(.wrong) .bk-input { border: 2px solid var(--bad); background: #fbeee9; }
.noUi-connect { background: var(--ink); } .noUi-handle { border-color: var(--soft); }
"""
)
BUTTON = (
    _TONES
    + """
.bk-btn { border: 1px solid var(--line); border-radius: 6px; background: var(--paper); color: var(--ink); }
.bk-btn:hover { background: var(--wash); }
"""
)
TABS = (
    _TONES
    + """
.bk-btn-group { flex-wrap: wrap; gap: 8px; }
.bk-btn-group > .bk-btn { border: 1px solid var(--line) !important; border-radius: 6px !important;
  background: var(--paper); color: var(--ink); flex: 0 0 auto; margin: 0 !important; }
.bk-btn-group > .bk-btn.bk-active { background: var(--ink) !important; color: var(--paper) !important; }
"""
)
