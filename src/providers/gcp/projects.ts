/** What one connection knows: the writers of its projects, and what its roles allow, for a minute. */
import { orAborted } from '../../lib/or-aborted.ts';
import { within } from '../kit/time-limit.ts';
import { ProviderError } from '../provider.ts';
import type { Api, RoleFound } from './api.ts';
import { refusedIn } from './role-risks.ts';
import type { Scope } from './config.ts';
import { openWriter, type Writer } from './writer.ts';

const ROLE_KEPT_MS = 60_000;
const ROLE_LIMIT = { ms: 12_000, sentence: 'The role was not read in time.' };

export type Projects = {
  api: Api;
  /** Of the config. */
  names: readonly string[];
  at(project: string): Writer;
  roleOf(role: string, signal: AbortSignal): Promise<RoleFound | null>;
  /** As last seen, whenever that was; null before the first look. */
  lastSeen(role: string): readonly string[] | null;
  close(): Promise<void>;
};

export const openProjects = (api: Api, names: readonly string[]): Projects => {
  const stopping = new AbortController();
  const writers = new Map<string, Writer>();
  const asked = new Map<string, { found: Promise<RoleFound | null>; atMs: number }>();
  const seen = new Map<string, readonly string[]>();
  const ask = async (role: string): Promise<RoleFound | null> => {
    try {
      const limit = { ...ROLE_LIMIT, stopping: stopping.signal };
      const found = await within(limit, async (signal) => await api.role(role, signal));
      if (found) seen.set(role, found.permissions);
      return found;
    } catch (error) {
      asked.delete(role);
      throw error;
    }
  };
  return {
    api,
    names,
    at: (project) => {
      const known = writers.get(project) ?? openWriter({ api, project }, stopping.signal);
      writers.set(project, known);
      return known;
    },
    roleOf: async (role, signal) => {
      const kept = asked.get(role);
      const isFresh = kept !== undefined && performance.now() - kept.atMs < ROLE_KEPT_MS;
      const one = isFresh ? kept : { found: ask(role), atMs: performance.now() };
      asked.set(role, one);
      return await orAborted(one.found, signal);
    },
    lastSeen: (role) => seen.get(role) ?? null,
    close: async () => {
      stopping.abort();
      await api.close();
    },
  };
};

/** @throws ProviderError with a sentence where a role is not granted. */
export const demandRole = async (projects: Projects, { project, role }: Scope, signal: AbortSignal): Promise<void> => {
  if (!projects.names.includes(project))
    throw new ProviderError('misconfigured', `${project} is not among the projects of the target. Add it to config.`, {
      isUntouched: true,
    });
  const found = await projects.roleOf(role, signal);
  if (found === null || found.isDeleted) throw new ProviderError('misconfigured', noRole(role), { isUntouched: true });
  const refused = refusedIn(found.permissions);
  if (refused.length > 0) throw new ProviderError('denied', keepsAccess(role, refused), { isUntouched: true });
};

export const noRole = (role: string): string => `The role ${role} does not exist. Correct role in the scope.`;
export const keepsAccess = (role: string, refused: readonly string[]): string =>
  `The role ${role} is not granted, since a person could keep access by it: ${refused.slice(0, 5).join('; ')}. Grant a role without that.`;
