/** The report of one grant as a page without scripts. All text of people is escaped. */
import type { About } from '../application/evidence/make-evidence.ts';
import type { GrantFacts } from '../application/evidence/evidence-facts.ts';
import { rowsOf } from './report-rows.ts';

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (letter) => ESCAPES[letter] ?? '');

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c}
table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{border-bottom:1px solid #ccc;padding:.35rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
pre{background:#f4f4f4;padding:1rem;overflow:auto}`;

const row = (cells: readonly string[], tag: 'td' | 'th'): string =>
  `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;

export const reportHtml = (facts: GrantFacts, about: About): string => {
  const summary = rowsOf(facts, about).map(
    ([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  const events = facts.events.map(({ seq, at, type, by }) => row([String(seq), at, type, by], 'td'));
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Evidence of grant ${escapeHtml(facts.grant)}</title><style>${STYLE}</style></head>
<body>
<h1>Evidence of grant ${escapeHtml(facts.grant)}</h1>
<table>${summary.join('\n')}</table>
<h2>Events</h2>
<table><thead>${row(['Number', 'Time (UTC)', 'Event', 'By'], 'th')}</thead><tbody>${events.join('\n')}</tbody></table>
<h2>How to check this</h2>
<p>This page proves nothing by itself. Run <code>python3 verify.py --key &lt;verifier key&gt;</code> in the folder of this bundle.</p>
<pre>${escapeHtml(about.checkpoint)}</pre>
</body>
</html>
`;
};
