/** The style of HTML reports: by the reader's own colours, for narrow screens and for paper as well. */
export const REPORT_STYLE = `
:root { color-scheme: light dark; --text: #1c2128; --soft: #57606a; --page: #ffffff; --card: #f6f8fa; --line: #d0d7de;
  --good: #116329; --good-back: #dafbe1; --bad: #a40e26; --bad-back: #ffebe9; --warn: #7a4b00; --warn-back: #fff3c4;
  --info: #0550ae; --info-back: #ddf4ff; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --soft: #9aa4b0; --page: #0d1117; --card: #161b22; --line: #30363d;
    --good: #7ee2a0; --good-back: #12361f; --bad: #ffa198; --bad-back: #4a1519; --warn: #f2cc60; --warn-back: #3d2e08;
    --info: #9cd0ff; --info-back: #0f2d4d; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.25rem 0 .75rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
p { margin: .25rem 0; }
code { font: .875em ui-monospace, monospace; overflow-wrap: anywhere; }
.outcome { display: inline-block; font-weight: 600; padding: .2rem .75rem; border-radius: 1rem; }
.outcome.passed { color: var(--good); background: var(--good-back); }
.outcome.failed { color: var(--bad); background: var(--bad-back); }
dl { display: grid; gap: .15rem; margin: .75rem 0 0; }
dl div { display: grid; grid-template-columns: 6rem 1fr; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .6rem; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; }
td { overflow-wrap: anywhere; min-width: 6rem; }
.badge { display: inline-block; font-size: .8rem; font-weight: 600; line-height: 1.4; padding: 0 .5rem; border-radius: .75rem;
  white-space: nowrap; color: var(--info); background: var(--info-back); }
.badge.passed { color: var(--good); background: var(--good-back); }
.badge.failed, .badge.error, .badge.not_judged { color: var(--bad); background: var(--bad-back); }
.badge.warning, .badge.exempted, .badge.skipped, .badge.not_run { color: var(--warn); background: var(--warn-back); }
.count { color: var(--soft); font-weight: 400; font-size: .9rem; }
ul, ol { padding-left: 1.25rem; }
.findings, .blocking { list-style: none; padding: 0; display: grid; gap: .6rem; }
.findings li, .blocking li { background: var(--card); border: 1px solid var(--line); border-left: .3rem solid var(--info);
  border-radius: .4rem; padding: .6rem .9rem; overflow-wrap: anywhere; }
.findings li.failed, .blocking li { border-left-color: var(--bad); }
.findings li.warning, .findings li.exempted { border-left-color: var(--warn); }
.findings li p { white-space: pre-wrap; }
.fix { color: var(--soft); }
details { margin: .75rem 0; }
summary { cursor: pointer; color: var(--soft); }
@media (max-width: 36rem) { dl div { grid-template-columns: 1fr; } main { padding: 1rem .75rem 3rem; } }
@media print {
  :root { color-scheme: light; --text: #000; --soft: #333; --page: #fff; --card: #fff; --line: #999; --good: #116329;
    --good-back: #fff; --bad: #a40e26; --bad-back: #fff; --warn: #7a4b00; --warn-back: #fff; --info: #0550ae; --info-back: #fff; }
  main { max-width: none; padding: 0; }
  .badge, .outcome { border: 1px solid currentColor; }
  .findings li, .blocking li, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  details::details-content { content-visibility: visible; display: block; }
}
`;
