/** A program that says which targets there are, for `targets_from`: only one that the environment lets targets run. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ProviderError, targetsOf, type ListedTarget } from '../provider.ts';
import { checkProgram } from './program.ts';
import { runProgram } from './run.ts';

const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

const answer = z.object({ targets: z.array(z.record(z.string(), z.json())) });

type Program = { program: string; args?: string[] | undefined; env?: Record<string, string> | undefined };

/** `only` is the program's own: whatever it understands. */
export const programTargets = targetsOf<Program, z.infer<ReturnType<typeof z.json>>>(
  z.json(),
  async ({ program, args = [], env = {} }, only, { signal }): Promise<ListedTarget[]> => {
    checkProgram(program);
    const question = { action: 'targets', id: `look:${randomUUID()}`, only };
    const said = answer.safeParse(
      await runProgram({ program, args, env, question, answerBytesMax: ANSWER_BYTES_MAX }, signal),
    );
    if (said.success) return said.data.targets;
    const message = `The program ${program} gave no list of targets; its answer must be { "targets": [{ "name": "billing-1" }] }.`;
    throw new ProviderError('misconfigured', message);
  },
);
