/** The body of a target's answer, where it is not too long. */
import { AnswerTooLong, boundedText } from '../../lib/bounded-text.ts';
import { ProviderError } from '../provider.ts';

export const tooLarge = (name: string): ProviderError =>
  new ProviderError('unavailable', `${name} gave an answer that is too large.`);

/** @throws this failure where it is longer. */
export const textWithin = async (
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  failure: ProviderError,
): Promise<string> => {
  try {
    return await boundedText(body, maxBytes);
  } catch (error) {
    throw error instanceof AnswerTooLong ? failure : error;
  }
};
