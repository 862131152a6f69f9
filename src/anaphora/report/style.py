"""The style sheet of a run's page: light and dark, wide and narrow, and on paper.

Nothing is fetched: the fonts are the reader's own, and the page forbids every script and every address by its policy.
"""

from __future__ import annotations

from collections.abc import Callable

from anaphora.report import shades

MONOSPACE = 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace'
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

LIGHT = {
    "page": "#f7f6f3", "card": "#ffffff", "ink": "#1f2933", "faint": "#5b6875", "grid": "#e3e6ea", "edge": "#e2e0da",
    "seen": "#3f76ad", "unseen": "#c2410c", "baseline": "#0f766e", "other": "#6d4bb0",
    "third": "#a16207", "fourth": "#be185d", "fifth": "#4d7c0f",
    "good": "#166534", "good-back": "#e7f4ea", "bad": "#9f2a16", "bad-back": "#fbeae6", "note-back": "#fdf3d8",
}  # fmt: skip
DARK = {
    "page": "#12161b", "card": "#1a2027", "ink": "#e6ebf0", "faint": "#9aa8b5", "grid": "#2a323b", "edge": "#2a323b",
    "seen": "#7db3e8", "unseen": "#f59055", "baseline": "#4cc9ba", "other": "#b79cf2",
    "third": "#e3b341", "fourth": "#f472b6", "fifth": "#a3d65c",
    "good": "#86efac", "good-back": "#143021", "bad": "#fca48f", "bad-back": "#3a1a14", "note-back": "#332a12",
}  # fmt: skip
LIGHT |= shades.colours("light", LIGHT["card"])
DARK |= shades.colours("dark", DARK["card"])


def shade_rules(colour: Callable[[str], str]) -> str:
    """Return the rules of shaded cells and of attention pictures; `colour` returns the colour of a name."""
    shaded = (
        f".s{number} {{ background: {colour(f'shade-{number}')}; fill: {colour(f'shade-{number}')}; }}"
        for number in range(shades.STEPS + 1)
    )
    return "\n".join(
        [
            *shaded,
            f".attention text {{ font: 12px {MONOSPACE}; fill: {colour('ink')}; }}",
            ".attention .number { font-size: 11px; text-anchor: middle; }",
            f".attention .small {{ font-size: 11px; fill: {colour('faint')}; }}",
        ]
    )


def _variables(colours: dict[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in colours.items())


SHEET = f"""
:root {{ color-scheme: light dark; {_variables(LIGHT)} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; background: var(--page); color: var(--ink); line-height: 1.5; font-size: 15px;
  font-family: ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  -webkit-text-size-adjust: 100%; }}
main {{ max-width: 1040px; margin: 0 auto; padding: 32px 20px 56px; }}
header {{ display: flex; flex-wrap: wrap; gap: 6px 10px; align-items: center; }}
header + p {{ margin: 4px 0 20px; }}
h1 {{ font-size: 26px; line-height: 1.2; margin: 0 6px 0 0; overflow-wrap: anywhere; }}
h2 {{ font-size: 17px; margin: 36px 0 12px; }}
.faint, figcaption, .tile small, dt {{ color: var(--faint); }}
.pill {{ font-size: 13px; font-weight: 600; padding: 2px 10px; border-radius: 12px;
  background: var(--grid); color: var(--ink); }}
.good {{ background: var(--good-back); color: var(--good); }}
.bad {{ background: var(--bad-back); color: var(--bad); }}
.card {{ background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 16px; }}
.tiles {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-bottom: 12px; }}
.tile b {{ display: block; font-size: 24px; line-height: 1.25; font-variant-numeric: tabular-nums; }}
.tile small {{ font-size: 13px; display: block; }}
.tile.baseline b {{ color: var(--baseline); }}
.tile.unseen b {{ color: var(--unseen); }}
figure {{ margin: 0; }}
figcaption {{ font-size: 13px; margin-bottom: 4px; overflow-wrap: anywhere; }}
svg {{ display: block; width: 100%; height: auto; }}
.narrow {{ display: none; }}
.names {{ font-size: 13px; font-weight: 600; margin: 2px 0 6px; }}
.small {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(270px, 1fr)); gap: 12px; margin-top: 12px; }}
.notes {{ list-style: none; margin: 0; padding: 0; display: grid; gap: 8px; }}
.notes li {{ background: var(--note-back); border-radius: 8px; padding: 10px 14px; overflow-wrap: anywhere; }}
.notes li.bad {{ background: var(--bad-back); }}
.scroll {{ overflow-x: auto; }}
{shade_rules("var(--{})".format)}
.confusion {{ width: auto; margin-top: 8px; }}
.confusion td.number {{ text-align: center; padding: 5px 10px; border: 1px solid var(--card); }}
.confusion td.right {{ font-weight: 700; text-decoration: underline; }}
.confusion th {{ min-width: 10ch; max-width: 24ch; overflow-wrap: break-word; }}
.confusion thead th {{ min-width: 8ch; max-width: 14ch; text-align: center; padding: 5px; vertical-align: bottom; }}
.confusion tbody th {{ padding-right: 8px; position: sticky; left: 0; background: var(--card); }}
.scale {{ display: flex; align-items: center; gap: 8px; margin: 10px 0 0; font-size: 13px; color: var(--faint);
  white-space: nowrap; }}
.scale span {{ display: flex; }}
.scale i {{ width: 14px; height: 14px; }}
table {{ border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }}
th, td {{ text-align: left; padding: 5px 14px 5px 0; vertical-align: top; border-bottom: 1px solid var(--grid); }}
tr:last-child td {{ border-bottom: 0; }}
th {{ color: var(--faint); font-weight: 500; }}
td.number, th.number {{ text-align: right; white-space: nowrap; }}
th:last-child, td:last-child {{ padding-right: 0; }}
td.best {{ font-weight: 700; color: var(--unseen); }}
pre {{ margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 13px; line-height: 1.55;
  font-family: {MONOSPACE}; }}
.part + .part {{ margin-top: 14px; }}
p {{ margin: 0; max-width: 72ch; overflow-wrap: anywhere; }}
.settings {{ columns: 300px 3; column-gap: 32px; margin: 0; }}
.settings section {{ margin-bottom: 14px; }}
.settings section:last-child {{ margin-bottom: 0; }}
.settings h3 {{ font-size: 13px; font-weight: 700; margin: 0 0 4px; break-after: avoid; }}
dl {{ margin: 0; font-size: 14px; }}
dl div {{ display: flex; justify-content: space-between; gap: 16px; padding: 2px 0;
  break-inside: avoid; border-bottom: 1px solid var(--grid); }}
dl div:last-child {{ border-bottom: 0; }}
dt {{ white-space: nowrap; }}
dd {{ margin: 0; text-align: right; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }}
details > summary {{ cursor: pointer; color: var(--faint); }}
details[open] > summary {{ margin-bottom: 10px; }}
footer {{ margin-top: 40px; font-size: 13px; color: var(--faint); overflow-wrap: anywhere; }}
code {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.93em; }}
@media (max-width: 680px) {{
  main {{ padding: 20px 12px 40px; }}
  .wide {{ display: none; }}
  .narrow {{ display: block; }}
  .card {{ padding: 12px; }}
  .tiles {{ grid-template-columns: 1fr 1fr; }}
  .tile b {{ font-size: 21px; }}
}}
@media print {{
  :root {{ color-scheme: light; {_variables(LIGHT)} }}
  body {{ background: none; font-size: 10pt; }}
  main {{ max-width: none; padding: 0; }}
  figure, .tile, tr, li {{ break-inside: avoid; }}
  .confusion {{ font-size: 6.5pt; }}
  .confusion td.number {{ padding: 2px 0; }}
  .confusion thead th {{ min-width: 0; max-height: 16ch; padding: 2px 0; writing-mode: vertical-rl; }}
  details::details-content {{ content-visibility: visible; block-size: auto; }}
  td, i {{ print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
  .scroll {{ overflow: visible; }}
  .attention {{ width: auto !important; max-width: 100% !important; }}
  h2 {{ break-after: avoid; margin-top: 24px; }}
  .card {{ padding: 10px 12px; }}
  .tiles {{ grid-template-columns: repeat(auto-fit, minmax(110px, 1fr)); gap: 8px; }}
  .small {{ grid-template-columns: repeat(3, 1fr); gap: 8px; }}
  .settings {{ columns: 3; column-gap: 24px; }}
  dl, table {{ font-size: 8.5pt; }}
  .tile b {{ font-size: 18px; }}
  .wide {{ display: block; }}
  .narrow {{ display: none; }}
}}
@page {{ margin: 16mm; }}
"""
