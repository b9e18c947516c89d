/** What somebody gets in with: a kubeconfig with the token of the grant's own account, or one's own kubeconfig. */
import { stringify } from 'yaml';
import { credential, shellQuoted } from '../kit/credentials.ts';
import type { Issued } from '../provider.ts';
import type { Scope, Settings } from './config.ts';
import { placesOf, roleRefOf, type Subject } from './objects.ts';

const NAME = 'latchkey';

const serverOf = ({ url }: Settings): string => url.href.replace(/\/+$/, '');

const kubeconfig = (settings: Settings, { token, namespace }: { token: string; namespace: string | null }): string =>
  stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: NAME,
          cluster: {
            server: serverOf(settings),
            ...(settings.ca !== null && { 'certificate-authority-data': Buffer.from(settings.ca).toString('base64') }),
          },
        },
      ],
      users: [{ name: NAME, user: { token } }],
      contexts: [{ name: NAME, context: { cluster: NAME, user: NAME, ...(namespace !== null && { namespace }) } }],
      'current-context': NAME,
    },
    { lineWidth: 0 },
  );

const whereOf = (scope: Scope): string => {
  const names = placesOf(scope).flatMap(({ namespace }) => namespace ?? []);
  if (names.length === 0) return 'the whole cluster';
  return names.length === 1 ? `the namespace ${names[0]}` : `the namespaces ${names.join(', ')}`;
};

export const tokenSecret = (
  settings: Settings,
  scope: Scope,
  { token, name }: { token: string; name: string },
): Issued => {
  const namespace = placesOf(scope)[0]?.namespace ?? null;
  const text = kubeconfig(settings, { token, namespace });
  const file = `${name}.kubeconfig`;
  const save = `umask 077; echo ${Buffer.from(text).toString('base64')} | base64 -d > ${file}`;
  return {
    secret: {
      fields: [
        credential('server', serverOf(settings)),
        credential('token', token),
        credential('kubeconfig', text, 'KUBECONFIG'),
      ],
    },
    instructions: {
      text: `Save the kubeconfig as ${file}, and use it with kubectl. The role "${roleRefOf(scope).name}" is yours in ${whereOf(scope)}.`,
      commands: [
        { label: 'Save', command: save },
        { label: 'Use', command: `KUBECONFIG=${file} kubectl auth can-i --list` },
      ],
    },
  };
};

export const personInstructions = (
  scope: Scope,
  { subject, anyway }: { subject: Subject; anyway: boolean },
): Issued => {
  const namespace = placesOf(scope)[0]?.namespace ?? null;
  const own = `Use your own kubeconfig: the cluster knows you as ${subject.name}. The role "${roleRefOf(scope).name}" is yours in ${whereOf(scope)}.`;
  const also = ' You had at least a part of it already, and the end of this access does not take that away.';
  return {
    secret: { fields: [] },
    instructions: {
      text: `${own}${anyway ? also : ''}`,
      commands: [
        {
          label: 'Check',
          command: `kubectl auth can-i --list${namespace === null ? '' : ` -n ${shellQuoted(namespace)}`}`,
        },
      ],
    },
  };
};
