/** What the doors of `/hooks/*` answer to what cannot be read, and how they read it. */
import type { BodyProblem } from '../../lib/raw-body.ts';
import type { HookAnswer } from './webhook-handler.ts';

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
