/** The severity of an incident, as its channel's name and topic say it or somebody types it. */
import type { Incidents } from '../policy/types.ts';

/** `sev1`, `SEV-2`, `p3`: not as a part of a longer word or number. */
const USUAL = /(?<![a-z0-9])(?:sev|p)[-_ ]?[0-5](?![a-z0-9])/i;
const CHARS_MAX = 20;

/** `SEV-1` and `sev 1` are `sev1`. */
const normal = (found: string): string =>
  found
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
    .slice(0, CHARS_MAX);

/** The first that is found, in the topic before the name, which is older; empty where there is none. */
export const severityIn = ({ severity }: Pick<Incidents, 'severity'>, texts: readonly string[]): string => {
  const pattern = severity === null ? USUAL : new RegExp(severity, 'iu');
  for (const text of texts) {
    const found = pattern.exec(text)?.[0];
    if (found) return normal(found);
  }
  return '';
};

/** As somebody typed it: `sev1`, `SEV-1`, `none`. Null when it cannot be one. */
export const readSeverity = ({ severity }: Pick<Incidents, 'severity'>, typed: string): string | null => {
  const text = typed.trim();
  if (/^(none|unknown)$/i.test(text)) return '';
  if (text.length > CHARS_MAX) return null;
  return severityIn({ severity }, [text]) || null;
};
