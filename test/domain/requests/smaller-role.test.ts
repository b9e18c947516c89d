import { describe, expect, it } from 'vitest';
import { isSmallerRole, smallerRoles } from '../../../src/domain/requests/smaller-role.ts';
import type { Role, Target } from '../../../src/domain/policy/types.ts';

const role = (name: string, isSensitive = false): Role => ({
  name,
  title: name,
  scope: null,
  maxMs: 1,
  defaultMs: 1,
  isSensitive,
});

const targetOf = (...roles: Role[]): Target => ({
  name: 'orders-db',
  title: 'Orders',
  provider: 'postgres',
  config: null,
  owners: [],
  channel: null,
  warning: null,
  roles: Object.fromEntries(roles.map((one) => [one.name, one])),
});

describe('a smaller role', () => {
  const target = targetOf(role('read'), role('secrets', true), role('write'), role('admin', true));

  it('is one that the policy lists before the one that was asked for', () => {
    expect(isSmallerRole(target, 'write', 'read')).toBeNull();
    expect(isSmallerRole(target, 'write', 'write')).toBeNull();
    expect(isSmallerRole(target, 'read', 'write')).toBe('change_wider_role');
    expect(isSmallerRole(target, 'write', 'drop')).toBe('unknown_role');
    expect(isSmallerRole(target, 'write', 'constructor')).toBe('unknown_role');
  });

  it('is never a sensitive one where the asked one is not, wherever it stands', () => {
    expect(isSmallerRole(target, 'write', 'secrets')).toBe('change_sensitive');
    expect(isSmallerRole(target, 'admin', 'secrets')).toBeNull();
  });

  it('is not guessed where names that are numbers have no order', () => {
    const numbered = targetOf(role('2'), role('1'));
    expect(isSmallerRole(numbered, '2', '1')).toBe('change_wider_role');
    expect(isSmallerRole(numbered, '1', '2')).toBe('change_wider_role');
  });

  it('is what the form offers, with the asked one last', () => {
    expect(smallerRoles(target, 'write').map(({ name }) => name)).toEqual(['read', 'write']);
    expect(smallerRoles(target, 'admin').map(({ name }) => name)).toEqual(['read', 'secrets', 'write', 'admin']);
  });
});
