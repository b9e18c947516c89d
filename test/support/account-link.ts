/** What a person does to link an account of GitHub: the line that they are given, in a gist of the account. */
import type { Account } from '../../sandbox/src/github/state.ts';
import type { GithubWorld } from './github.ts';
import { seen } from './world.ts';

const WAIT_MS = 60_000;

/** What only this person is answered in #general. */
const answerTo = async ({ world: { slack } }: GithubWorld, who: string, line: string): Promise<string> => {
  const own = (): string[] =>
    slack
      .as(who)
      .messages('general')
      .filter(({ ephemeralFor }) => ephemeralFor !== undefined)
      .map(seen);
  const before = own().length;
  await slack.as(who).command('/prod-access', line, 'general');
  return slack.waitFor(() => own().at(before), { what: `an answer to "${line}"`, timeoutMs: WAIT_MS });
};

export const linkGithub = async (all: GithubWorld, who: string, owner: Account): Promise<string> => {
  const text = /```(.*)```/.exec(await answerTo(all, who, 'link github'))?.[1];
  if (text === undefined) throw new Error('no statement');
  const { id } = all.github.addGist(owner, { 'latchkey.txt': `${text}\n` });
  return answerTo(all, who, `link github <https://gist.github.com/${owner.login}/${id}>`);
};
