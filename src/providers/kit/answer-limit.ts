/** What a server answers is held in memory as it comes: one that answers without end, or with what a borrower put there, is cut off. */
import { AnswerTooLong } from '../../lib/bounded-text.ts';
import { means } from './network-errors.ts';

export const TOO_LONG = means(
  'unavailable',
  'its answer is longer than Latchkey takes in, so the connection was ended',
);

export const isTooLong = (error: unknown): boolean => error instanceof AnswerTooLong;

type Socket = { on(event: 'data', listener: (part: Uint8Array) => void): unknown };

/** Counts anew: called where nothing is awaited any more. */
export type AnswerLimit = { begin(): void };

export const limitAnswers = (
  socket: Socket,
  { maxBytes, end }: { maxBytes: number; end: (why: AnswerTooLong) => void },
): AnswerLimit => {
  let bytes = 0;
  let isOver = false;
  socket.on('data', (part) => {
    bytes += part.length;
    if (isOver || bytes <= maxBytes) return;
    isOver = true;
    end(new AnswerTooLong('its answer is too long'));
  });
  return {
    begin: () => {
      bytes = 0;
    },
  };
};
