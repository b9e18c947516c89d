/** Another party that checks that the log only grows, and signs that it saw so: C2SP tlog-witness. */
import { createHash } from 'node:crypto';
import type { PublishedTree, Publisher, StoredCheckpoint } from '../application/evidence/evidence-ports.ts';
import { boundedText } from '../lib/bounded-text.ts';
import { checkNote, parseNote, parseVkey } from '../lib/transparency/note.ts';

const TIMEOUT_MS = 10_000;
const ANSWER_MAX = 65_536;
const CONFLICT = 409;
const NOT_FOUND = 404;

type WitnessSettings = { url: string; key: string | null; origin: string };
type Answer = { status: number; text: string };

const call = async (url: string, init: { method: string; body?: string }): Promise<Answer> => {
  try {
    const { fetch } = (await import('undici')).default;
    const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { status: response.status, text: await boundedText(response.body, ANSWER_MAX) };
  } catch (error) {
    const why =
      error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : 'no answer';
    throw new Error(`The witness ${url} cannot be reached (${why}).`, { cause: error });
  }
};

const SAYS: Record<number, string> = {
  404: 'does not know this log; start it with the log’s verifier key',
  403: 'does not accept the signature; start it with the verifier key of the key that signs now',
  422: 'says that the log is not the one that it saw before',
};

const bodyOf = async (checkpoint: StoredCheckpoint, oldSize: number, tree: PublishedTree): Promise<string> => {
  const proof = await tree.consistency(oldSize);
  return [`old ${oldSize}`, ...proof.map((hash) => hash.toString('base64')), '', checkpoint.note].join('\n');
};

const send = async (settings: WitnessSettings, checkpoint: StoredCheckpoint, tree: PublishedTree): Promise<string> => {
  const url = `${settings.url.replace(/\/+$/, '')}/add-checkpoint`;
  const post = async (oldSize: number): Promise<Answer> =>
    call(url, { method: 'POST', body: await bodyOf(checkpoint, oldSize, tree) });
  let answer = await post(Math.min(tree.publishedSize, checkpoint.size));
  if (answer.status === CONFLICT) {
    const seen = Number(answer.text.trim());
    if (!Number.isSafeInteger(seen) || seen < 0)
      throw new Error(`The witness ${settings.url} answered in no known way.`);
    if (seen > checkpoint.size)
      throw new Error(
        `The witness ${settings.url} has seen ${seen} leaves, and this checkpoint has ${checkpoint.size}.`,
      );
    answer = await post(seen);
  }
  if (answer.status === 200) return answer.text;
  throw new Error(`The witness ${settings.url} ${SAYS[answer.status] ?? `answered with status ${answer.status}`}.`);
};

/** Lines of others and lines that do not hold are not kept. */
const checked = ({ url, key }: WitnessSettings, { note }: StoredCheckpoint, lines: string): string => {
  const text = parseNote(note)?.text ?? '';
  const signed = parseNote(`${text}\n${lines}`);
  if (!signed) throw new Error(`The witness ${url} answered with no signature.`);
  const witness = key === null ? null : parseVkey(key);
  if (witness && !checkNote(signed, [witness]).isGood)
    throw new Error(`The witness ${url} answered with a signature that is not by the key in latchkey.yml.`);
  return note.includes(lines) ? '' : lines;
};

export const witnessPublisher = (settings: WitnessSettings): Publisher => ({
  name: `witness:${settings.url}`,
  kind: 'witness',
  vkey: settings.key,
  takesEach: false,
  put: async (checkpoint, tree) => ({
    signatures: checked(settings, checkpoint, await send(settings, checkpoint, tree)),
  }),
  held: async () => {
    const name = createHash('sha256').update(settings.origin).digest('hex');
    const url = `${settings.url.replace(/\/+$/, '')}/${name}/checkpoint`;
    const { status, text } = await call(url, { method: 'GET' });
    if (status === NOT_FOUND) return [];
    if (status !== 200) throw new Error(`The witness ${settings.url} answered with status ${status}.`);
    return [{ text, source: `the witness ${settings.url}` }];
  },
});
