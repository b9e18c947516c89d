/** Access that a program beside the app opens and closes: JSON on its standard input, JSON on its standard output. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import { loadsCode } from '../../lib/code-variables.ts';
import { createLanes } from '../../lib/limiter.ts';
import { defineProvider } from '../define-provider.ts';
import {
  handleSchema,
  scopeSchema,
  spokenConnection,
  spokenFields,
  type Handle,
  type Scope,
  type Speaker,
} from '../kit/spoken.ts';
import { checkProgram } from './program.ts';
import { runProgram } from './run.ts';
import { programTargets } from './targets.ts';

/** A thousand ends at once are no thousand processes. */
const AT_ONCE = 8;

const programField = z
  .string('must be the whole path of a program, such as /opt/latchkey/targets/billing')
  .refine(
    (text) => path.isAbsolute(text) && path.normalize(text) === text && !text.endsWith('/'),
    'must be the whole path of a program, such as /opt/latchkey/targets/billing, without "." and ".." in it',
  );

const envField = z
  .record(z.string().regex(/^[A-Z_][A-Z0-9_]{0,59}$/, 'must be a name like API_TOKEN'), z.string(), {
    error: 'must be names and texts, such as { API_TOKEN: "${BILLING_API_TOKEN}" }',
  })
  // Who edits the policy would choose what is run.
  .superRefine((env, ctx) => {
    for (const name of Object.keys(env).filter(loadsCode))
      ctx.addIssue({ code: 'custom', message: `must not set ${name}: it can make the program load other code` });
  });

const configSchema = z.strictObject({
  program: programField,
  /** Fixed: nothing of a request is ever among them. */
  args: z.array(z.string().max(1_000), 'must be a list of texts').max(20).optional(),
  /** All that it has of an environment, besides PATH and LANG. */
  env: envField.optional(),
  ...spokenFields,
});
type Config = z.infer<typeof configSchema>;

const speakerTo = ({ program, args = [], env = {} }: Config): Speaker => {
  const inLane = createLanes(AT_ONCE);
  return async ({ id, body }, signal) => {
    checkProgram(program);
    const question = { ...body, id: id || `look:${randomUUID()}` };
    return await inLane(() => runProgram({ program, args, env, question }, signal), signal);
  };
};

const isAllowed = (program: string, allowed: readonly string[]): boolean =>
  allowed.some((entry) => entry === program || (entry.endsWith('/') && path.dirname(program) === entry.slice(0, -1)));

export const exec = defineProvider<Config, Scope, Handle>({
  id: 'exec',
  title: 'Program',
  config: configSchema,
  scope: scopeSchema,
  handle: handleSchema,
  targets: programTargets,
  environmentProblems: ({ program }, { execPrograms }) => {
    if (isAllowed(program, execPrograms)) return [];
    const why =
      execPrograms.length === 0
        ? 'exec targets are off. The operator switches them on with LATCHKEY_EXEC_PROGRAMS in the environment of Latchkey, which names the programs, or a folder of them.'
        : 'LATCHKEY_EXEC_PROGRAMS in the environment of Latchkey does not name it or its folder. The operator may add it there.';
    return [{ path: 'program', message: `The program ${program} is not run: ${why}` }];
  },
  connect: (config) =>
    spokenConnection({
      say: speakerTo(config),
      name: `The program ${config.program}`,
      extras: config.supports ?? [],
      survives: config.survives ?? null,
    }),
});
