/** Whether a user may run what its role says and nothing more, by what the server itself answers to ACL DRYRUN. */
import type { Catalog } from './catalog.ts';
import type { Client } from './client.ts';

/** In no role ever, so its answer is what a refusal looks like on this server. */
const NEVER = 'acl|setuser';
const FILL = 'x';

const callOf = (user: string, name: string, arity: number): string[] => {
  const words = name.split('|');
  const filled = Array.from({ length: Math.max(0, Math.abs(arity) - words.length) }, () => FILL);
  return ['ACL', 'DRYRUN', user, ...words, ...filled];
};

export type Proof = { missing: string[]; surplus: string[] };

/** The server refuses a command before it looks at keys, so any other answer than that refusal says "may run it". */
export const prove = async (
  client: Client,
  { user, names, catalog }: { user: string; names: ReadonlySet<string>; catalog: Catalog },
): Promise<Proof> => {
  const probed = catalog.commands.filter(({ name, isOpen }) => !isOpen && !catalog.isContainer(name));
  const never = probed.find(({ name }) => name === NEVER);
  const [refusal, ...answers] = await client.each([
    callOf(user, NEVER, never?.arity ?? -3),
    ...probed.map(({ name, arity }) => callOf(user, name, arity)),
  ]);
  const isRefused = (index: number): boolean =>
    String(answers[index]) === String(refusal).replace(`'${NEVER}'`, `'${probed[index]?.name ?? ''}'`);
  if (refusal instanceof Error || refusal === 'OK') return { missing: [], surplus: [NEVER] };
  const wrong = probed.map(({ name }, index) => ({ name, isRefused: isRefused(index), answer: answers[index] }));
  return {
    missing: wrong.filter((one) => one.isRefused && names.has(one.name)).map(({ name }) => name),
    // An error is no answer about rights: such a command cannot be run by anybody.
    surplus: wrong
      .filter((one) => !one.isRefused && !(one.answer instanceof Error) && !names.has(one.name))
      .map(({ name }) => name),
  };
};
