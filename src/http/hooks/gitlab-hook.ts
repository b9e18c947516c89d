/**
 * `POST /hooks/gitlab`: believed by its token alone, compared before the body is read.
 * gitlab-org/gitlab, app/services/web_hook_service.rb: 10 seconds for an answer, no repeat, and a webhook that fails often is disabled.
 */
import type { IncomingMessage } from 'node:http';
import { parseJobEvent } from '../../domain/gitlab/job-event.ts';
import type { FinishedJob } from '../../domain/gitlab/job-event.ts';
import type { Log } from '../../lib/log.ts';
import { createRarely } from '../../lib/rarely.ts';
import { readRawBody } from '../../lib/raw-body.ts';
import { NOT_JSON, bodyRefusals, jsonIn, refusal } from './hook-answers.ts';
import { headerOf, isAnyOf } from './source.ts';
import type { HookAnswer } from './hook-answers.ts';

/** An event of a job is some kB, with one message of a commit in it. */
const BODY_MAX_BYTES = 1_000_000;

export type GitlabHookSettings = {
  secrets: readonly string[];
  /** How many requests it closed; null where no issuer is that instance. */
  end(finished: FinishedJob): Promise<number | null>;
  /** A deployment may wait: what the event says of it is not believed: the next look says it. */
  onWaiting(): void;
  log: Log;
};

const BODY_REFUSALS = bodyRefusals(BODY_MAX_BYTES);

const NOT_AUTHENTIC = refusal(
  401,
  'not_authentic',
  'It is not known to be from GitLab; check LATCHKEY_GITLAB_WEBHOOK_SECRET and the secret token of the webhook.',
);

export const createGitlabHook = ({ secrets, end, onWaiting, log }: GitlabHookSettings) => {
  const rarely = createRarely();
  const take = async (payload: unknown): Promise<HookAnswer> => {
    const parsed = parseJobEvent(payload);
    if ('ignored' in parsed) return { status: 202, body: { ignored: parsed.ignored } };
    if ('waiting' in parsed) {
      onWaiting();
      return { status: 202, body: { looked: parsed.waiting } };
    }
    if ('problem' in parsed) {
      rarely('unreadable', (leftOut) =>
        log.warn({ why: parsed.problem, leftOut }, 'an event of GitLab cannot be read'),
      );
      return refusal(400, 'unreadable', parsed.problem);
    }
    const closed = await end(parsed.finished);
    if (closed !== null) return { status: 202, body: { closed } };
    const { page } = parsed.finished;
    rarely('instance', (leftOut) => log.warn({ page, leftOut }, 'an event of GitLab is of no issuer of the policy'));
    return { status: 202, body: { ignored: 'no issuer of the policy is this instance' } };
  };
  return async (request: IncomingMessage): Promise<HookAnswer> => {
    if (!isAnyOf(headerOf(request.headers, 'x-gitlab-token'), secrets)) {
      rarely('token', (leftOut) => log.warn({ leftOut }, 'an event of GitLab was refused: its token is wrong'));
      return NOT_AUTHENTIC;
    }
    const read = await readRawBody(request, BODY_MAX_BYTES);
    if ('problem' in read) return BODY_REFUSALS[read.problem];
    const payload = jsonIn(read.body);
    return payload ? take(payload.value) : refusal(400, 'not_json', NOT_JSON);
  };
};
