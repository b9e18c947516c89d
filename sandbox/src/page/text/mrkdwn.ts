/** Slack's mrkdwn as a tree. Slack: docs.slack.dev/messaging/formatting-message-text */

export type Inline =
  | { is: 'text'; text: string }
  | { is: 'bold' | 'italic' | 'strike'; of: Inline[] }
  | { is: 'code'; text: string }
  | { is: 'break' }
  | { is: 'link'; url: string; label: string }
  | { is: 'person'; id: string; label: string | undefined }
  | { is: 'channel'; id: string; label: string | undefined }
  | { is: 'group'; id: string; label: string | undefined }
  | { is: 'everyone'; label: string }
  | { is: 'emoji'; name: string }
  | { is: 'date'; atS: number; format: string; url: string | undefined; fallback: string };

export type MrkdwnBlock =
  | { is: 'lines'; of: Inline[] }
  | { is: 'item'; marker: string; of: Inline[] }
  | { is: 'quote'; of: MrkdwnBlock[] }
  | { is: 'pre'; text: string };

const unescape = (text: string): string => text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');

/** What a composer does before it sends. */
export const escape = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

const safeSchemes = new Set(['http:', 'https:', 'mailto:']);

/** The address as it may be put into a link, or nothing when following it could run something. */
export const safeUrl = (given: string): string | undefined => {
  const url = unescape(given);
  return URL.canParse(url) && safeSchemes.has(new URL(url).protocol) ? url : undefined;
};

const dateOf = (body: string, label: string | undefined): Inline | undefined => {
  const [, atS = '', format = '', url] = /^date\^(\d{1,12})\^([^^]+)(?:\^(.+))?$/.exec(body) ?? [];
  if (atS === '') return undefined;
  const link = url === undefined ? undefined : safeUrl(url);
  return { is: 'date', atS: Number(atS), format: unescape(format), url: link, fallback: unescape(label ?? '') };
};

const bangOf = (body: string, label: string | undefined): Inline => {
  const group = /^subteam\^([A-Z0-9]+)$/.exec(body)?.[1];
  if (group !== undefined) return { is: 'group', id: group, label: label === undefined ? undefined : unescape(label) };
  if (['here', 'channel', 'everyone'].includes(body)) return { is: 'everyone', label: `@${body}` };
  return dateOf(body, label) ?? { is: 'text', text: unescape(label ?? `<!${body}>`) };
};

/** What stands between `<` and `>`. */
const controlOf = (inside: string): Inline => {
  const bar = inside.indexOf('|');
  const body = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? undefined : inside.slice(bar + 1);
  const words = label === undefined ? undefined : unescape(label);
  if (/^@[A-Z0-9]+$/.test(body)) return { is: 'person', id: body.slice(1), label: words };
  if (/^#[A-Z0-9]+$/.test(body)) return { is: 'channel', id: body.slice(1), label: words };
  if (body.startsWith('!')) return bangOf(body.slice(1), label);
  const url = safeUrl(body);
  if (url !== undefined) return { is: 'link', url, label: words || url.replace(/^mailto:/, '') };
  return { is: 'text', text: unescape(`<${inside}>`) };
};

const marks = { '*': 'bold', _: 'italic', '~': 'strike' } as const;

const isWord = (char: string | undefined): boolean => char !== undefined && /[\p{L}\p{N}]/u.test(char);

/** Nobody emphasises more; a long line of marks that never close is then read quickly. */
const SPAN_MAX = 3_000;

/** The end of `*bold*` that starts at `from`; a mark inside a word, or beside a space, is only a character. */
const closing = (text: string, from: number): number => {
  const mark = text[from];
  if (isWord(text[from - 1]) || text[from + 1] === undefined || /\s/.test(text[from + 1] ?? '')) return -1;
  const end = Math.min(text.length, from + SPAN_MAX);
  for (let at = from + 2; at < end; at += 1) {
    if (text[at] === '\n') return -1;
    if (text[at] === '<') {
      const close = text.indexOf('>', at);
      if (close > 0) at = close;
    } else if (text[at] === mark && !/\s/.test(text[at - 1] ?? '') && !isWord(text[at + 1])) return at;
  }
  return -1;
};

type Read = { node: Inline; end: number };

const readMark = (text: string, at: number): Read | undefined => {
  const mark = text[at] as keyof typeof marks;
  const end = marks[mark] === undefined ? -1 : closing(text, at);
  return end < 0 ? undefined : { node: { is: marks[mark], of: parseInline(text.slice(at + 1, end)) }, end: end + 1 };
};

const readCode = (text: string, at: number): Read | undefined => {
  const [all, inside] = /^`([^`\n]+)`/.exec(text.slice(at)) ?? [];
  if (all === undefined || inside === undefined) return undefined;
  return { node: { is: 'code', text: unescape(inside) }, end: at + all.length };
};

const readControl = (text: string, at: number): Read | undefined => {
  const end = text.indexOf('>', at);
  return end < 0 ? undefined : { node: controlOf(text.slice(at + 1, end)), end: end + 1 };
};

const readEmoji = (text: string, at: number): Read | undefined => {
  const [all, name] = /^:([a-z0-9_+-]{1,40}):/.exec(text.slice(at)) ?? [];
  return all === undefined || name === undefined ? undefined : { node: { is: 'emoji', name }, end: at + all.length };
};

const readUrl = (text: string, at: number): Read | undefined => {
  if (isWord(text[at - 1])) return undefined;
  const found = /^https?:\/\/[^\s<>`|]+/.exec(text.slice(at))?.[0].replace(/[.,;:!?)*_~'"]+$/, '');
  const url = found === undefined ? undefined : safeUrl(found);
  if (found === undefined || url === undefined) return undefined;
  return { node: { is: 'link', url, label: unescape(found) }, end: at + found.length };
};

const readers: Record<string, (text: string, at: number) => Read | undefined> = {
  '<': readControl,
  '`': readCode,
  '*': readMark,
  _: readMark,
  '~': readMark,
  ':': readEmoji,
  h: readUrl,
  '\n': (_text, at) => ({ node: { is: 'break' }, end: at + 1 }),
};

/** One run of text, without quotes, lists and fences. */
export const parseInline = (text: string): Inline[] => {
  const nodes: Inline[] = [];
  let from = 0;
  let at = 0;
  const flush = (): void => {
    if (at > from) nodes.push({ is: 'text', text: unescape(text.slice(from, at)) });
  };
  while (at < text.length) {
    const read = readers[text[at] ?? '']?.(text, at);
    if (read === undefined) {
      at += 1;
      continue;
    }
    flush();
    nodes.push(read.node);
    at = read.end;
    from = read.end;
  }
  flush();
  return nodes;
};

const QUOTE = /^(?:&gt;|>) ?/;
const ITEM = /^(\s*)([•◦▪–-]|\d{1,3}[.)]) +(.*)$/;

const parseLines = (text: string): MrkdwnBlock[] => {
  const blocks: MrkdwnBlock[] = [];
  let plain: string[] = [];
  const flush = (): void => {
    if (plain.length > 0) blocks.push({ is: 'lines', of: parseInline(plain.join('\n')) });
    plain = [];
  };
  for (const line of text.split('\n')) {
    const [, , marker, rest] = ITEM.exec(line) ?? [];
    if (marker === undefined || rest === undefined) {
      plain.push(line);
      continue;
    }
    flush();
    blocks.push({ is: 'item', marker: marker === '-' ? '•' : marker, of: parseInline(rest) });
  }
  flush();
  return blocks;
};

const parseQuotes = (text: string): MrkdwnBlock[] => {
  const blocks: MrkdwnBlock[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length;) {
    const isQuote = QUOTE.test(lines[at] ?? '');
    let end = at;
    while (end < lines.length && QUOTE.test(lines[end] ?? '') === isQuote) end += 1;
    const part = lines.slice(at, end);
    if (isQuote) blocks.push({ is: 'quote', of: parseLines(part.map((line) => line.replace(QUOTE, '')).join('\n')) });
    else blocks.push(...parseLines(part.join('\n')));
    at = end;
  }
  return blocks;
};

/** Empty lines beside a fence or a quote would be drawn twice: as the line and as the margin of what follows. */
const trimLines = (text: string): string => text.replace(/^\n|\n$/g, '');

export const parseMrkdwn = (text: string): MrkdwnBlock[] => {
  const parts = text.split(/```([\s\S]+?)```/g);
  return parts.flatMap((part, index): MrkdwnBlock[] => {
    if (index % 2 === 1) return [{ is: 'pre', text: unescape(trimLines(part)) }];
    const lines = parts.length > 1 ? trimLines(part) : part;
    return lines === '' ? [] : parseQuotes(lines);
  });
};

/** The words alone: for labels, live regions and tool tips. */
export const plainWords = (nodes: Inline[], nameOf: (node: Inline) => string): string =>
  nodes
    .map((node) => {
      if (node.is === 'text' || node.is === 'code') return node.text;
      if (node.is === 'bold' || node.is === 'italic' || node.is === 'strike') return plainWords(node.of, nameOf);
      if (node.is === 'break') return ' ';
      return nameOf(node);
    })
    .join('');
