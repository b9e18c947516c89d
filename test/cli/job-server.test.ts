/** How a job speaks with the server, whatever its own clock says. */
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { listenOnLoopback } from '../../sandbox/src/embedded/listen.ts';
import { connect } from '../../src/cli/job/server.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

test.each([-HOUR_MS, HOUR_MS])(
  'a clock that is %d ms off counts the time that is left as the server does',
  async (offMs) => {
    const server = createServer((request, response) => {
      request.resume();
      response.setHeader('date', new Date(Date.now() + offMs).toUTCString());
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ session: 's' }));
    });
    const { port, stop } = await listenOnLoopback(server);
    const job = connect({ LATCHKEY_URL: `http://127.0.0.1:${port}`, LATCHKEY_ID_TOKEN: 'token' });
    expect(Math.abs(job.now() - Date.now())).toBeLessThan(MINUTE_MS);
    await job.call('GET', '/requests/r1');
    expect(Math.abs(job.now() - Date.now() - offMs)).toBeLessThan(MINUTE_MS);
    await stop();
  },
);
