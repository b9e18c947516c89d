/**
 * Who is on call, as Opsgenie says: `GET /v2/schedules/{schedule}/on-calls?flat=true`, read only.
 * Opsgenie: docs.opsgenie.com/docs/who-is-on-call-api, /docs/api-rate-limiting, /docs/response (error bodies). Atlassian ends its
 * support on 5 April 2027 (support.atlassian.com/opsgenie), after which this API no longer answers.
 */
import { z } from 'zod';
import type { Log } from '../../lib/log.ts';
import type { Waits } from '../../lib/waits.ts';
import type { OnCall } from '../../application/identity/on-call-ports.ts';
import { createOnCallClient, secondsIn } from './on-call-client.ts';

/** Where a 429 does not say which of the limits, by second or by minute, was met. */
const LIMITED_MS = 5_000;

/** `onCallRecipients` are user names, and a user name of Opsgenie is an address. */
const onCalls = z.object({
  data: z.object({
    _parent: z.object({ enabled: z.boolean().nullish() }).nullish(),
    onCallRecipients: z.array(z.string()),
  }),
});

export type OpsgenieSettings = {
  apiKey: string;
  /** Without a trailing slash; accounts of the EU instance have their own. */
  apiUrl: string;
  timeoutMs?: number;
  waits?: Waits;
  log: Log;
};

const KEY = 'the operator of Latchkey must check OPSGENIE_API_KEY';

const refusedQuestion = (schedule: string): string =>
  `Opsgenie refuses the question; an admin of Latchkey can check the schedule ${schedule} in the policy.`;

const REFUSALS: Record<number, (schedule: string) => string> = {
  400: refusedQuestion,
  401: () => `Opsgenie refuses the key; ${KEY}.`,
  402: () => 'The Opsgenie account may not use schedules; its owner can change that.',
  403: (schedule) =>
    `Opsgenie does not let this key see the schedule ${schedule}, or it is of the other region; ${KEY} and OPSGENIE_API_URL.`,
  404: (schedule) =>
    `Opsgenie has no schedule ${schedule}; it was deleted or renamed. An admin of Latchkey can name another one in the policy.`,
  422: refusedQuestion,
};

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The call says which of the two Opsgenie is given, and takes an id where it is not. */
const pathOf = (schedule: string): string => {
  const query = new URLSearchParams({ flat: 'true', scheduleIdentifierType: ID.test(schedule) ? 'id' : 'name' });
  return `/v2/schedules/${encodeURIComponent(schedule)}/on-calls?${query.toString()}`;
};

const isAddress = (name: string): boolean => /^[^\s@]+@[^\s@]+$/.test(name);

export const createOpsgenie = ({ apiKey, apiUrl, timeoutMs, waits, log }: OpsgenieSettings): OnCall => {
  const onCall = createOnCallClient({
    name: 'Opsgenie',
    apiUrl,
    headers: { authorization: `GenieKey ${apiKey}`, accept: 'application/json' },
    limitedMs: (headers) =>
      secondsIn(headers, 'retry-after') ?? secondsIn(headers, 'x-ratelimit-period-in-sec') ?? LIMITED_MS,
    refusals: REFUSALS,
    timeoutMs,
    waits,
    log,
  });
  return {
    shifts: async (schedule) => {
      const { data } = await onCall.read(schedule, pathOf(schedule), onCalls);
      // Nobody is paged by a schedule that was switched off, so nobody is on call by it.
      const { _parent: parent } = data;
      if (parent?.enabled === false) return [];
      return data.onCallRecipients.map((name) => ({ email: isAddress(name.trim()) ? name.trim() : null, level: 1 }));
    },
  };
};
