"""The report's style sheet, for screen and A4 paper, light theme only."""

CSS = """
@page { size: A4; margin: 16mm 15mm 18mm; }
* { box-sizing: border-box; }
:root { color-scheme: light; }
html { background: #fff; }
body { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; color: #1f2328; background: #fff;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .2rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; padding-top: .5rem; border-top: 1px solid #d3d8e0; break-after: avoid; }
h3 { font-size: 1rem; margin: 1rem 0 .2rem; break-after: avoid; }
p { margin: .35rem 0; }
.made, .note, caption, figcaption { color: #4b5563; font-size: .87rem; }
.lead { font-size: 1.2rem; line-height: 1.4; margin: .8rem 0; }
.limits { border-left: 4px solid #d55e00; padding: .2rem 0 .2rem .8rem; margin: .8rem 0; }
figure { margin: .6rem 0 1rem; break-inside: avoid; }
figure svg { display: block; width: 100%; height: auto; font-family: inherit; }
svg.course { display: block; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; font-size: .87rem; }
caption { text-align: left; padding-bottom: .25rem; }
th, td { text-align: left; vertical-align: top; padding: .22rem .5rem .22rem 0; border-bottom: 1px solid #e5e8ee; }
td { overflow-wrap: break-word; }
td:first-child, td.t { overflow-wrap: anywhere; }
th { color: #4b5563; font-weight: 600; overflow-wrap: normal; }
td.n, th.n { text-align: right; }
td.n { white-space: nowrap; }
tr, li, .card { break-inside: avoid; }
thead { display: table-header-group; }
ol, ul { padding-left: 1.3rem; margin: .4rem 0; }
li { margin-bottom: .7rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .4rem 0; }
dt { color: #4b5563; } dd { margin: 0; }
.card { border: 1px solid #d3d8e0; border-radius: 6px; padding: .6rem .8rem; margin: .7rem 0; }
.ask { font-style: italic; }
.right { color: #005a8d; font-weight: 600; }
.summary figure svg { max-height: 13rem; } .summary figcaption { text-align: center; }
.summary li { margin-bottom: .3rem; }
.appendix > h2 { font-size: 1.45rem; margin-top: 3rem; border-top: 3px solid #d3d8e0; }
.figures { overflow-x: auto; }
.figures table { min-width: 43rem; font-size: .74rem; font-variant-numeric: tabular-nums; }
.figures th, .figures td { padding-right: .3rem; hyphens: none; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } table { font-size: .8rem; }
  th, td, td.n, th.n { overflow-wrap: anywhere; white-space: normal; hyphens: auto; } }
.figures th.n, .figures td.n { overflow-wrap: normal; } .figures td.n { white-space: nowrap; }
@media print {
  .figures { overflow: visible; } .figures table { min-width: 0; font-size: 7.5pt; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  svg, .limits { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  h2 { margin-top: 1.3rem; }
  .summary { font-size: 9.5pt; } .summary figure { margin: .2rem 0 .3rem; } .summary figure svg { max-height: 48mm; }
  .summary h1 { font-size: 1.4rem; } .summary h2 { margin-top: .5rem; padding-top: .2rem; }
  .summary .lead { font-size: 1.05rem; margin: .4rem 0; } .summary .limits { margin: .3rem 0; }
  .appendix { break-before: page; } .appendix > h2 { margin-top: 0; border-top: 0; }
}
"""
