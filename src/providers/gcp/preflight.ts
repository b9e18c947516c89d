/** Are the projects and roles there, may Latchkey do what it needs and no more, and what could be kept by the roles? */
import { errorFinding, warningFinding, type Finding } from '../../domain/finding.ts';
import { ProviderError } from '../provider.ts';
import { GET_POLICY, GET_ROLE, SET_POLICY } from './api.ts';
import type { Scope } from './config.ts';
import type { Binding } from './policy.ts';
import { keepsAccess, noRole, type Projects } from './projects.ts';
import { refusedIn, remainsIn } from './role-risks.ts';

/** What Latchkey needs on a project. */
export const NEEDED = [GET_POLICY, SET_POLICY, GET_ROLE] as const;

/** Looked for beside it: anyone who has one of these has a role that is too wide. */
const TOO_MUCH = [
  'resourcemanager.projects.delete',
  'iam.serviceAccountKeys.create',
  'iam.serviceAccounts.actAs',
  'iam.serviceAccounts.getAccessToken',
  'iam.roles.update',
  'storage.objects.get',
  'compute.instances.create',
  'secretmanager.versions.access',
  'cloudsql.instances.connect',
  'logging.sinks.delete',
];

const MAX_SKEW_MS = 5_000;
/** A date in a header is of whole seconds. */
const SECOND_MS = 1_000;

const clockFindings = (
  clock: Date | null,
  { sentAtMs, receivedAtMs }: { sentAtMs: number; receivedAtMs: number },
): Finding[] => {
  if (clock === null) return [];
  const shown = clock.getTime();
  const skewMs = shown > receivedAtMs ? shown - receivedAtMs : Math.max(0, sentAtMs - SECOND_MS - shown);
  if (skewMs <= MAX_SKEW_MS) return [];
  const seconds = Math.round(skewMs / 1_000);
  return [
    warningFinding(
      'clock_skew',
      `The clocks of Latchkey and Google are ${seconds} s apart, so access ends early or late: synchronise the clock of this machine with NTP.`,
    ),
  ];
};

const rightsFindings = (project: string, own: readonly string[]): Finding[] => {
  const missing = NEEDED.filter((one) => !own.includes(one));
  const surplus = own.filter((one) => TOO_MUCH.includes(one));
  return [
    ...(missing.length > 0
      ? [
          errorFinding(
            'lacks_rights',
            `Latchkey lacks in ${project}: ${missing.join(', ')}. Run what \`latchkey doctor --sql\` prints.`,
          ),
        ]
      : []),
    ...(surplus.length > 0
      ? [
          warningFinding(
            'more_than_needed',
            `Latchkey may do more than it needs in ${project}: ${surplus.join(', ')}. Take the roles that allow it away.`,
          ),
        ]
      : []),
  ];
};

const isLimited = ({ condition }: Binding): boolean =>
  /^api\.getAttribute\(["']iam\.googleapis\.com\/modifiedGrantsByRole["'], \[\]\)\.hasOnly\(/.test(
    condition?.expression ?? '',
  );

/** A role of Latchkey's own that sets policies, without a condition that names the roles it may give. */
const unlimitedRoles = async (
  projects: Projects,
  { project, self }: { project: string; self: string },
  signal: AbortSignal,
): Promise<string[]> => {
  const { bindings } = await projects.at(project).read(signal);
  const open = bindings.filter((one) => one.members?.includes(self) && !isLimited(one));
  const roles = await Promise.all(
    open.map(async ({ role }) => {
      const found = await projects.roleOf(role, signal);
      return found?.permissions.includes(SET_POLICY) ? [role] : [];
    }),
  );
  return roles.flat();
};

const projectFindings = async (
  projects: Projects,
  { project, self }: { project: string; self: string | null },
  signal: AbortSignal,
): Promise<Finding[]> => {
  const sentAtMs = Date.now();
  const { permissions, clock } = await projects.api.ownPermissions(project, [...NEEDED, ...TOO_MUCH], signal);
  const rights = [
    ...clockFindings(clock, { sentAtMs, receivedAtMs: Date.now() }),
    ...rightsFindings(project, permissions),
  ];
  if (self === null || rights.some(({ level }) => level === 'error')) return rights;
  const unlimited = await unlimitedRoles(projects, { project, self }, signal);
  if (unlimited.length === 0) return rights;
  const message = `Latchkey may give any role in ${project}, by ${unlimited.join(', ')}: limit it to the roles of the target, as \`latchkey doctor --sql\` prints.`;
  return [...rights, warningFinding('may_give_any_role', message)];
};

const roleFindings = async (
  projects: Projects,
  { name, scope: { project, role } }: { name: string; scope: Scope },
  signal: AbortSignal,
): Promise<Finding[]> => {
  if (!projects.names.includes(project))
    return [
      errorFinding(
        'other_project',
        `${project} of the role ${name} is not among the projects of the target. Add it to config.`,
      ),
    ];
  const found = await projects.roleOf(role, signal);
  if (found === null || found.isDeleted) return [errorFinding('no_role', noRole(role))];
  const refused = refusedIn(found.permissions);
  const sentences = remainsIn(found.permissions);
  return [
    ...(refused.length > 0 ? [errorFinding('role_keeps_access', keepsAccess(role, refused))] : []),
    ...(sentences.length > 0
      ? [
          {
            ...warningFinding(
              'role_leaves_behind',
              `After access by ${role} something may stay: ${sentences.join(' ')}`,
            ),
            remains: { roles: [name], sentences },
          },
        ]
      : []),
  ];
};

/** One that fails is a finding, and the others are looked at. */
const found = async (work: Promise<Finding[]>): Promise<Finding[]> => {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ProviderError) || error.isRetried) throw error;
    return [errorFinding(error.kind, error.message)];
  }
};

export const preflight = async (
  { projects, self }: { projects: Projects; self: string | null },
  scopes: Record<string, Scope>,
  signal: AbortSignal,
): Promise<Finding[]> => {
  const looked = await Promise.all([
    ...projects.names.map(async (project) => await found(projectFindings(projects, { project, self }, signal))),
    ...Object.entries(scopes).map(
      async ([name, scope]) => await found(roleFindings(projects, { name, scope }, signal)),
    ),
  ]);
  const all = looked.flat();
  return all.filter(({ message }, at) => all.findIndex((one) => one.message === message) === at);
};
