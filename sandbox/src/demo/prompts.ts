/** The prompts of the page: real connections to the demo's production, with whatever login was given. */
import { randomUUID } from 'node:crypto';
import { HostError } from './hosts/host.ts';
import type { Login, Session, Way } from './hosts/host.ts';
import type { PromptFact } from './quests.ts';
import type { QueryResult, WorldConnection } from './world.ts';

export type Prompts = {
  connect(login: Login): Promise<WorldConnection>;
  query(connectionId: string, text: string): Promise<QueryResult>;
  disconnect(connectionId: string): Promise<void>;
  close(): Promise<void>;
};

export type PromptOptions = {
  /** Which host a login was made for; `target` is null for one that Latchkey did not make. */
  wayOf(user: string): Promise<{ way: Way; target: string | null }>;
  onFact(fact: PromptFact): void;
};

type Who = { user: string; target: string | null };

/** `lost`: why it can no longer be used, once it cannot. */
type Prompt = Who & { session: Session; lost: { message: string; code: string | null } | null };

const PROMPTS_MAX = 20;
const PROMPTS_PER_USER = 5;
const TEXT_MAX = 20_000;

const CUT = 'The session was ended from outside: this access is over.';

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const refusalOf = (error: unknown, title: string): string => {
  const kind = error instanceof HostError ? error.kind : 'other';
  if (kind === 'login')
    return `${title} refused the login: ${said(error)}. Either the access has ended, or what you entered is not right.`;
  if (kind === 'full') return `${title} refused the login: ${said(error)}. Close another prompt first.`;
  return `The connection could not be made: ${said(error)}.`;
};

const assertRoom = (prompts: Map<string, Prompt>, user: string): void => {
  const open = [...prompts.values()].filter((prompt) => prompt.lost === null);
  if (open.length >= PROMPTS_MAX || open.filter((prompt) => prompt.user === user).length >= PROMPTS_PER_USER)
    throw new Error('There are too many open prompts. Close one first.');
};

type Refusal = Extract<QueryResult, { ok: false }>;

const refusal = (message: string, more: Partial<Refusal> = {}): Refusal => ({
  ok: false,
  message,
  code: null,
  isCut: false,
  isDenied: false,
  ms: 0,
  ...more,
});

const ask = async (prompt: Prompt, text: string, onFact: PromptOptions['onFact']): Promise<QueryResult> => {
  const startedAt = performance.now();
  const ms = (): number => Math.round(performance.now() - startedAt);
  const { user, target } = prompt;
  if (prompt.lost) return refusal(prompt.lost.message, { code: prompt.lost.code, isCut: true });
  if (text.length > TEXT_MAX) return refusal(`More than ${TEXT_MAX} characters.`);
  try {
    const answer = await prompt.session.run(text);
    onFact({ kind: 'asked', user, target, command: answer.command });
    return { ok: true, ...answer, ms: ms() };
  } catch (error) {
    const { kind, code } = error instanceof HostError ? error : { kind: 'other', code: null };
    if (kind === 'cut' || prompt.lost !== null) return refusal(CUT, { code, isCut: true, ms: ms() });
    const isDenied = kind === 'denied';
    onFact({ kind: 'refused', user, target, isDenied });
    return refusal(said(error), { code, isDenied, ms: ms() });
  }
};

const enter = async ({ wayOf, onFact }: PromptOptions, login: Login): Promise<Who & { session: Session; way: Way }> => {
  const { user } = login;
  const { way, target } = await wayOf(user);
  try {
    return { user, target, way, session: await way.open(login) };
  } catch (error) {
    if (error instanceof HostError && error.kind === 'login') onFact({ kind: 'login_refused', user, target });
    throw new Error(refusalOf(error, way.title), { cause: error });
  }
};

export const openPrompts = (options: PromptOptions): Prompts => {
  const prompts = new Map<string, Prompt>();
  const onLost = (id: string, code: string | null): void => {
    const prompt = prompts.get(id);
    if (!prompt || prompt.lost) return;
    prompt.lost = { message: CUT, code };
    options.onFact({ kind: 'cut', user: prompt.user, target: prompt.target });
  };
  const disconnect = async (id: string): Promise<void> => {
    const prompt = prompts.get(id);
    prompts.delete(id);
    if (prompt && !prompt.lost) await prompt.session.close();
  };
  return {
    connect: async (login) => {
      assertRoom(prompts, login.user);
      const { user, target, session, way } = await enter(options, login);
      const id = randomUUID();
      prompts.set(id, { user, target, session, lost: null });
      session.onEnd((code) => onLost(id, code));
      options.onFact({ kind: 'logged_in', user, target });
      return { id, user, server: way.title };
    },
    query: async (id, text) => {
      const prompt = prompts.get(id);
      return prompt ? ask(prompt, text, options.onFact) : refusal('This prompt is closed. Connect again.');
    },
    disconnect,
    close: async () => void (await Promise.all([...prompts.keys()].map(disconnect))),
  };
};
