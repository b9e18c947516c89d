/** AWS in one of two modes: sessions of IAM roles with keys of their own, or permission sets that are assigned to people. */
import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import type { AnyProvider } from '../any-provider.ts';
import { ProviderError } from '../provider.ts';
import { accounts } from './accounts.ts';
import { center } from './center.ts';
import { centerConfig, sessionConfig, type CenterConfig, type SessionConfig } from './config.ts';
import { sessions } from './sessions.ts';

const MODES: Readonly<Record<string, AnyProvider>> = { sts: sessions, 'identity-center': center };

const modeIn = (config: Json): AnyProvider | undefined => {
  const { data } = z.looseObject({ mode: z.string() }).safeParse(config);
  return data && Object.hasOwn(MODES, data.mode) ? MODES[data.mode] : undefined;
};

const configOf = (config: Json): SessionConfig | CenterConfig => {
  const { data } = z.discriminatedUnion('mode', [sessionConfig, centerConfig]).safeParse(config);
  if (data) return data;
  throw new ProviderError('misconfigured', 'The config of a list from aws does not fit.');
};

const isObject = (value: Json): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Which of the two is meant shows by its fields, so that what is wrong is said of that one alone. */
const modeOf = (scope: Json): AnyProvider =>
  isObject(scope) && ('permission_set_arn' in scope || 'account_id' in scope) ? center : sessions;

const NO_MODE = [{ path: 'mode', message: 'must be sts or identity-center' }];

export const aws: AnyProvider = {
  id: sessions.id,
  title: sessions.title,
  isShared: (scope) => modeOf(scope).isShared(scope),
  configProblems: (config) => modeIn(config)?.configProblems(config) ?? NO_MODE,
  environmentProblems: (config, allowed) => modeIn(config)?.environmentProblems(config, allowed) ?? [],
  configWarnings: (config) => modeIn(config)?.configWarnings(config) ?? [],
  scopeProblems: (scope) => modeOf(scope).scopeProblems(scope),
  identityProblems: (identity, scopes) =>
    (Object.values(scopes).some((scope) => modeOf(scope) === center) ? center : sessions).identityProblems(
      identity,
      scopes,
    ),
  isInOwnName: (scope) => modeOf(scope).isInOwnName(scope),
  prepare: async (config, scopes, ctx) => {
    const [first = null] = Object.values(scopes);
    const { prepare } = modeIn(config) ?? modeOf(first);
    return (await prepare?.(config, scopes, ctx)) ?? { text: '', version: null, notes: [] };
  },
  listProblems: (only) => accounts.problems(only),
  list: async (config, only, ctx) => await accounts.list(configOf(config), only, ctx),
  connect: (config) => (modeIn(config) ?? sessions).connect(config),
};
