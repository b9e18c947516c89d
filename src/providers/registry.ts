/** Every provider, one line each. A new one is a folder here and a line below; a test holds the two together. */
import { aws } from './aws/aws.ts';
import { azure } from './azure/azure.ts';
import { entra } from './entra/entra.ts';
import { exec } from './exec/exec.ts';
import { gcp } from './gcp/gcp.ts';
import { github } from './github/github.ts';
import { googleGroup } from './google-group/google-group.ts';
import { kubernetes } from './kubernetes/kubernetes.ts';
import { ldap } from './ldap/ldap.ts';
import { mysql } from './mysql/mysql.ts';
import { okta } from './okta/okta.ts';
import { postgres } from './postgres/postgres.ts';
import { redis } from './redis/redis.ts';
import { ssh } from './ssh/ssh.ts';
import { webhook } from './webhook/webhook.ts';
import type { AnyProvider } from './any-provider.ts';

export const PROVIDERS: readonly AnyProvider[] = [
  aws,
  azure,
  entra,
  exec,
  gcp,
  github,
  googleGroup,
  kubernetes,
  ldap,
  mysql,
  okta,
  postgres,
  redis,
  ssh,
  webhook,
];

export const findProvider = (id: string): AnyProvider | undefined => PROVIDERS.find((provider) => provider.id === id);
