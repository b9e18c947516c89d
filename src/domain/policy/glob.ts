/** Patterns of the policy: `*` is any run of characters inside one `/` segment, `?` is one character. Nothing else is special. */

export type Glob = (text: string) => boolean;

const isWild = (pattern: string): boolean => pattern.includes('*') || pattern.includes('?');

/** True when the pattern can only match itself. */
export const isLiteralGlob = (pattern: string): boolean => !isWild(pattern);

/** What everything that the pattern matches begins with. */
export const literalPrefix = (pattern: string): string => /^[^*?]*/.exec(pattern)?.[0] ?? '';

/** Remembers only the last star, so a hostile pattern costs at most length times length. */
const matchSegment = (pattern: string, text: string): boolean => {
  let at = 0;
  let inText = 0;
  let star = -1;
  let starText = 0;
  while (inText < text.length) {
    const wanted = pattern[at];
    if (wanted === '*') {
      star = at++;
      starText = inText;
    } else if (wanted !== undefined && (wanted === '?' || wanted === text[inText])) {
      at++;
      inText++;
    } else if (star >= 0) {
      at = star + 1;
      inText = ++starText;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
};

const compileSegment = (pattern: string): Glob => {
  if (!isWild(pattern)) return (text) => text === pattern;
  if (pattern === '*') return () => true;
  return (text) => matchSegment(pattern, text);
};

export const compileGlob = (pattern: string): Glob => {
  if (!isWild(pattern)) return (text) => text === pattern;
  const segments = pattern.split('/').map(compileSegment);
  const [only] = segments;
  if (segments.length === 1 && only) return (text) => !text.includes('/') && only(text);
  return (text) => {
    const parts = text.split('/');
    return parts.length === segments.length && parts.every((part, index) => segments[index]?.(part) === true);
  };
};

/** For text that people and monitors write: `*` is any run of characters, slashes too, and case means nothing. */
export const compileTextGlob = (pattern: string): Glob => {
  const lower = pattern.toLowerCase();
  return (text) => matchSegment(lower, text.toLowerCase());
};

/** A `target/role` pattern in its two halves, so that neither has to be joined to be matched. */
export const compileRoleGlob = (pattern: string): { target: string; isTarget: Glob; isRole: Glob } => {
  const slash = pattern.indexOf('/');
  const target = slash < 0 ? '*' : pattern.slice(0, slash);
  return { target, isTarget: compileSegment(target), isRole: compileSegment(pattern.slice(slash + 1)) };
};
