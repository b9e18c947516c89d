/** The one look of what people scan: an icon and a colour for the state, the subject on top, the rest beside the coloured bar. */
import type { KnownBlock } from '@slack/types';
import { hasEnded } from '../../../domain/lifecycle.ts';
import { isHeld } from '../../../application/grants/hold.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import { MESSAGE_TEXT_MAX } from './limits.ts';
import { cut } from './text.ts';
import type { Message } from './text.ts';

/** `word` is the state for who sees no colour: a screen reader, or a client that shows no attachment. */
export const TONES = {
  waiting: { icon: '🟡', color: '#ECB22E', word: 'Waiting for approval' },
  starting: { icon: '🔵', color: '#1D9BD1', word: 'Approved' },
  live: { icon: '🟢', color: '#2EB67D', word: 'Active' },
  trouble: { icon: '🟠', color: '#E8912D', word: 'Needs attention' },
  over: { icon: '⚪', color: '#9AA0A6', word: 'Over' },
  refused: { icon: '⛔', color: '#E01E5A', word: 'Denied' },
  failed: { icon: '❌', color: '#E01E5A', word: 'Failed' },
  alarm: { icon: '🚨', color: '#E01E5A', word: 'Alarm' },
  done: { icon: '✅', color: '#2EB67D', word: 'Done' },
  note: { icon: '🔵', color: '#1D9BD1', word: 'For your information' },
} as const;
export type Tone = keyof typeof TONES;

export const iconOf = (tone: Tone): string => TONES[tone].icon;

const grantTone = (grant: NonNullable<RequestView['grant']>): Tone => {
  if (grant.state === 'failed') return 'failed';
  if (hasEnded(grant.state)) return 'over';
  if (grant.state === 'activating') return isHeld(grant) ? 'trouble' : 'starting';
  return grant.state === 'active' ? 'live' : 'trouble';
};

/** Of a request for more time: that of the access it is about, once it was decided. */
export const toneOf = ({ request, grant, extension, extended }: RequestView): Tone => {
  if (request.state === 'pending') return 'waiting';
  if (request.state === 'denied') return 'refused';
  if (extension?.state === 'failed') return 'failed';
  const access = extension ? extended : grant;
  return access && request.state === 'approved' ? grantTone(access) : 'over';
};

export type Card = {
  tone: Tone;
  /** For lock screens: who, what, why. */
  text: string;
  head: KnownBlock[];
  body: KnownBlock[];
};

/** Slack folds what is beyond the fifth block of an attachment behind *Show more*: buttons there would be hidden. */
const BLOCKS_SHOWN = 5;

/** In attachments of one colour, none of which is folded; buttons stay with what they are about. */
const unfolded = (body: readonly KnownBlock[]): KnownBlock[][] => {
  if (body.length === 0) return [];
  const isTorn = body[BLOCKS_SHOWN]?.type === 'actions';
  const room = isTorn ? BLOCKS_SHOWN - 1 : BLOCKS_SHOWN;
  return [body.slice(0, room), ...unfolded(body.slice(room))];
};

export const card = ({ tone, text, head, body }: Card): Message => ({
  text: cut(text, MESSAGE_TEXT_MAX),
  blocks: head,
  attachments: unfolded(body).map((blocks) => ({ color: TONES[tone].color, fallback: TONES[tone].word, blocks })),
});
