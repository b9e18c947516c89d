import { expect, test } from 'vitest';
import { refusedIn } from '../../../src/providers/gcp/role-risks.ts';

test.each(['iam.denypolicies.create', 'iam.denypolicies.update'])(
  'a role with %s is refused: it could take from Latchkey what it ends access by',
  (permission) => {
    expect(refusedIn(['storage.objects.get', permission])).toEqual([
      `${permission} can keep Latchkey from ending access`,
    ]);
  },
);
