/** The commands that an administrator runs: Latchkey's own service account, which may give exactly the roles of the target. */
import { shellQuoted } from '../kit/credentials.ts';
import type { Preparation } from '../provider.ts';
import type { Config, Scope } from './config.ts';
import { NEEDED } from './preflight.ts';
import { ownMemberOf } from './tokens.ts';

const CUSTOM = 'latchkeyAccess';
/** So many names a condition may hold. cloud.google.com/iam/docs/setting-limits-on-granting-roles */
const NAMES_MAX = 10;

const chunked = (roles: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(roles.length / NAMES_MAX) }, (_, n) =>
    roles.slice(n * NAMES_MAX, (n + 1) * NAMES_MAX),
  );

const bindingFor = (
  project: string,
  { roles, member, n }: { roles: readonly string[]; member: string; n: number },
): string => {
  const names = roles.map((role) => `"${role}"`).join(', ');
  const file = `latchkey-condition-${n + 1}.yaml`;
  return `cat > ${file} <<'END'
title: roles of latchkey ${n + 1}
description: Latchkey may give and take these roles, and no others.
expression: 'api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly([${names}])'
END
gcloud projects add-iam-policy-binding ${project} --member=${member} --role=projects/${project}/roles/${CUSTOM} --condition-from-file=${file} --format=none`;
};

const projectText = (project: string, { roles, member }: { roles: string[]; member: string }): string => {
  const permissions = NEEDED.join(',');
  const rights = `--title="Latchkey" --permissions=${permissions} --stage=GA`;
  return `# ${project}
gcloud services enable cloudresourcemanager.googleapis.com iam.googleapis.com --project=${project}
gcloud iam roles create ${CUSTOM} --project=${project} ${rights} || gcloud iam roles update ${CUSTOM} --project=${project} ${rights}
${chunked(roles)
  .map((some, n) => bindingFor(project, { roles: some, member, n }))
  .join('\n')}
`;
};

export const prepare = async (config: Config | null, scopes: Record<string, Scope>): Promise<Preparation> => {
  const asked = Object.values(scopes);
  const projects = [...new Set([...(config?.projects ?? []), ...asked.map(({ project }) => project)])].sort();
  const known = config === null ? null : ownMemberOf(config);
  const [home = 'PROJECT'] = projects;
  const member = known ?? `serviceAccount:latchkey@${home}.iam.gserviceaccount.com`;
  const create = `# The service account. Use another project for it where you have one for such things.
gcloud iam service-accounts describe latchkey@${home}.iam.gserviceaccount.com --project=${home} >/dev/null 2>&1 ||
  gcloud iam service-accounts create latchkey --project=${home} --display-name="Latchkey"
`;
  const texts = projects.map((project) => {
    const roles = [...new Set(asked.filter((one) => one.project === project).map(({ role }) => role))].sort();
    return projectText(shellQuoted(project), { roles, member: shellQuoted(member) });
  });
  return await Promise.resolve({
    text: `#!/bin/sh
# What Latchkey needs in Google Cloud. Run it as an owner of the projects. It may be run again, and holds no secret.
set -eu
${known === null ? create : ''}${texts.join('')}`,
    version: null,
    notes: [
      'Where roles of a target change, run this again. Once no grant of an old role is live, take its old condition away: gcloud projects remove-iam-policy-binding.',
      'A key, where federation or the metadata server cannot be used: gcloud iam service-accounts keys create key.json --iam-account=…',
      'A policy written by Terraform as a whole (google_project_iam_policy) deletes what Latchkey gives. Use google_project_iam_member there.',
    ],
  });
};
