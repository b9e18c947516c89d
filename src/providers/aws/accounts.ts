/** The accounts of an AWS organization, for `targets_from`. */
import { z } from 'zod';
import { ProviderError, targetsOf, type ListedTarget } from '../provider.ts';
import { openClient, type Client } from './client.ts';
import type { CenterConfig, SessionConfig } from './config.ts';

const only = z.strictObject(
  {
    parent: z
      .string('must be the ID of a root or an organizational unit')
      .regex(
        /^(?:r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})$/,
        'must be the ID of a root or an organizational unit, such as ou-ab12-cd34ef56',
      )
      .optional(),
  },
  'must say which accounts, as { parent: ou-ab12-cd34ef56 }',
);

const account = z.looseObject({
  Id: z.string().regex(/^\d{12}$/),
  Name: z.string().default(''),
  Email: z.string().default(''),
  /** AWS calls it `Status` in its older answers. */
  State: z.string().nullish(),
  Status: z.string().nullish(),
});
const page = z.looseObject({ Accounts: z.array(account).default([]), NextToken: z.string().nullish() });

/** Of 20 each; some may be empty though more follow. */
const PAGES_MAX = 2_000;

const allOf = async (client: Client, parent: string | undefined, signal: AbortSignal): Promise<ListedTarget[]> => {
  const of = parent === undefined ? {} : { ParentId: parent };
  const action = parent === undefined ? 'ListAccounts' : 'ListAccountsForParent';
  const found: ListedTarget[] = [];
  let from: string | null = null;
  for (let count = 0; count < PAGES_MAX; count += 1) {
    const body: object = { ...of, MaxResults: 20, ...(from !== null && { NextToken: from }) };
    const doing = 'list the accounts of the organization';
    const answer = await client.json({ service: 'organizations', action, body, doing }, signal);
    const { Accounts: accounts, NextToken: next = null } = page.parse(answer.body);
    for (const { Id, Name, Email, State, Status } of accounts)
      if ((State ?? Status) === 'ACTIVE') found.push({ account: Id, title: Name, email: Email });
    if (next === null) return found;
    from = next;
  }
  throw new ProviderError('misconfigured', 'The organization has too many accounts to list them.');
};

/** One that is suspended or about to be closed is none. */
export const accounts = targetsOf<SessionConfig | CenterConfig, z.infer<typeof only>>(
  only,
  async (config, { parent }, { signal }): Promise<ListedTarget[]> => {
    const client = openClient(config);
    try {
      return await allOf(client, parent, signal);
    } finally {
      await client.close();
    }
  },
);
