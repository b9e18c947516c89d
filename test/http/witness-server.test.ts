/** What anybody may send to a witness: half of a request, or too much of one. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { startWitness } from '../../src/http/witness/witness-server.ts';
import { createLog } from '../../src/lib/log.ts';
import { openSigners } from '../../src/lib/transparency/signers.ts';
import { newKey } from '../application/evidence/rig.ts';

test('a request that is broken off, or too long, is answered without a line in the log', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'witness-'));
  const written: string[] = [];
  const log = createLog('info', new Writable({ write: (chunk, _, done) => (written.push(String(chunk)), done()) }));
  const [signer] = await openSigners(newKey(), 'witness.other.test');
  if (!signer) throw new Error('no key');
  const witness = await startWitness({
    witness: { signer, logs: [], nowSeconds: () => 0n },
    stateFile: path.join(folder, 'state.json'),
    port: 0,
    host: '127.0.0.1',
    log,
  });
  const socket = connect(witness.port, '127.0.0.1');
  socket.write('POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\nold');
  // By then the request is being read.
  await once(socket, 'data');
  socket.destroy();
  const long = await fetch(`http://127.0.0.1:${witness.port}/add-checkpoint`, {
    method: 'POST',
    body: 'x'.repeat(70_000),
  });
  expect({ status: long.status, text: await long.text() }).toEqual({ status: 413, text: 'The request is too long.\n' });
  await witness.stop();
  await rm(folder, { recursive: true });
  expect(written).toEqual([]);
});
