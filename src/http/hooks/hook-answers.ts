/** What the doors of `/hooks/*` answer to what cannot be read, and how they read it. */
import type { BodyProblem } from '../../lib/raw-body.ts';

export type HookAnswer = { status: number; body: { error: string; message: string } | Record<string, number | string> };

export const refusal = (status: number, error: string, message: string): HookAnswer => ({
  status,
  body: { error, message },
});

export const bodyRefusals = (mostBytes: number): Record<BodyProblem, HookAnswer> => ({
  too_large: refusal(413, 'too_large', `The body is larger than ${mostBytes} bytes.`),
  busy: refusal(503, 'busy', 'There are too many large requests at the moment; send it again.'),
  cut_off: refusal(408, 'cut_off', 'The body did not arrive.'),
});

export const NOT_JSON = 'The body is no JSON.';

/** Null where it is no JSON. */
export const jsonIn = (body: Buffer): { value: unknown } | null => {
  try {
    return { value: JSON.parse(body.toString('utf8')) as unknown };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

const DEPTH_MAX = 100;
const [QUOTE, BACKSLASH] = ['"'.charCodeAt(0), '\\'.charCodeAt(0)];
const OPENS = new Set(['[', '{'].map((char) => char.charCodeAt(0)));
const CLOSES = new Set([']', '}'].map((char) => char.charCodeAt(0)));

/** Of JSON: what is nested so deeply is nobody's event, and exhausts whatever walks through it. */
export const isTooDeep = (body: Buffer): boolean => {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at] ?? 0;
    if (byte === BACKSLASH && isText) at += 1;
    else if (byte === QUOTE) isText = !isText;
    else if (!isText && OPENS.has(byte)) depth += 1;
    else if (!isText && CLOSES.has(byte)) depth -= 1;
    if (depth > DEPTH_MAX) return true;
  }
  return false;
};
