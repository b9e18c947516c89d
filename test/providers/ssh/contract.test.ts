import { describe } from 'vitest';
import { ssh } from '../../../src/providers/ssh/ssh.ts';
import { whyNoSshHost } from '../../../sandbox/src/embedded/ssh-host.ts';
import { holdToContract } from '../contract.ts';
import { WORLDS } from './world.ts';

const why = whyNoSshHost();

describe.skipIf(why !== null)(`on real hosts${why === null ? '' : ` (not run: ${why})`}`, () => {
  for (const world of WORLDS) holdToContract(ssh, world);
});
