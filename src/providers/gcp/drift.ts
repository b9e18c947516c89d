/** What exists in the policies against what was made: our bindings as they are, and what only looks like ours. */
import { z } from 'zod';
import type { Difference, Lookalike, Ours } from '../provider.ts';
import type { Handle, Scope } from './config.ts';
import { expiresAtOf, grantOf, isNamedLikeOurs, madeFor, titleOf, type Binding } from './policy.ts';
import type { Projects } from './projects.ts';

const oneSchema = z.object({
  project: z.string(),
  role: z.string(),
  members: z.array(z.string()),
  madeFor: z.string(),
  /** Null where the condition is another one than ours. */
  expiresAtMs: z.number().nullable(),
});
type One = z.infer<typeof oneSchema>;
const foundSchema = z.array(oneSchema);

type At = { project: string; binding: Binding };

const allBindings = async ({ names, at }: Projects, signal: AbortSignal): Promise<At[]> => {
  const read = await Promise.all(
    names.map(async (project) => {
      const { bindings } = await at(project).read(signal);
      return bindings.map((binding) => ({ project, binding }));
    }),
  );
  return read.flat();
};

const oneOf = ({ project, binding }: At): One => ({
  project,
  role: binding.role,
  members: binding.members ?? [],
  madeFor: madeFor(binding),
  expiresAtMs: expiresAtOf(binding)?.getTime() ?? null,
});

export const listOurs = async (projects: Projects, signal: AbortSignal): Promise<Ours<Handle>[]> => {
  const byGrant = new Map<string, One[]>();
  for (const at of await allBindings(projects, signal)) {
    const id = grantOf(at.binding);
    if (id !== null) byGrant.set(id, [...(byGrant.get(id) ?? []), oneOf(at)]);
  }
  return [...byGrant].map(([grantId, found]) => {
    const ends = found.flatMap(({ expiresAtMs }) => expiresAtMs ?? []);
    const title = titleOf(grantId);
    return {
      grantId,
      handle: { title },
      expiresAt: ends.length < found.length ? null : new Date(Math.max(...ends)),
      name: title,
      found,
    };
  });
};

const widerIn = (one: One, { project, role }: Scope): string[] => {
  const extra = one.members.filter((member) => member !== one.madeFor);
  return [
    ...(extra.length > 0 ? [`${extra.slice(0, 5).join(', ')} got it too in ${one.project}`] : []),
    ...(one.project === project ? [] : [`it gives access in ${one.project}`]),
    ...(one.role === role ? [] : [`it gives ${one.role} in ${one.project}`]),
    ...(one.expiresAtMs === null ? [`its condition in ${one.project} is not its deadline any more`] : []),
  ];
};

export const differences = (scope: Scope, ours: Ours<Handle>, expiresAt: Date): Difference[] => {
  const found = foundSchema.parse(ours.found);
  const wrong = found.find(({ expiresAtMs }) => expiresAtMs !== null && expiresAtMs !== expiresAt.getTime());
  const isLost = found.some(({ members, madeFor: who }) => !members.includes(who));
  return [
    ...(wrong?.expiresAtMs
      ? [
          {
            kind: 'deadline' as const,
            message: `its deadline in ${wrong.project} is ${new Date(wrong.expiresAtMs).toISOString()} instead of ${expiresAt.toISOString()}`,
          },
        ]
      : []),
    ...found.flatMap((one) => widerIn(one, scope)).map((message) => ({ kind: 'wider' as const, message })),
    ...(found.length > 1 ? [{ kind: 'wider' as const, message: `there are ${found.length} bindings of it` }] : []),
    ...(isLost ? [{ kind: 'narrower' as const, message: 'the person it was made for is not in it any more' }] : []),
  ];
};

export const listLookalikes = async (projects: Projects, signal: AbortSignal): Promise<Lookalike[]> =>
  (await allBindings(projects, signal))
    .filter(({ binding }) => isNamedLikeOurs(binding) && grantOf(binding) === null)
    .map(({ project, binding }) => ({
      kind: 'lookalike',
      name: `binding ${binding.condition?.title ?? ''} of ${binding.role} in ${project}`,
      why: 'it is titled like an access of Latchkey and has no mark of Latchkey.',
    }));
