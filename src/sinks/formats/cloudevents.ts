/** CloudEvents 1.0, structured JSON: source and id together are unique, so an equal pair is the same event once more. */
import type { Format } from './event.ts';

export const cloudEvents: Format = (facts, origin) => ({
  specversion: '1.0',
  id: facts.id,
  source: `//${origin}`,
  type: `dev.latchkey.${facts.type}`,
  time: facts.at,
  ...(facts.grantId !== null || facts.requestId !== null ? { subject: facts.grantId ?? facts.requestId } : {}),
  sequence: String(facts.seq),
  datacontenttype: 'application/json',
  data: facts,
});
