/** The program under test with its points of death: in one piece, since a start that finds its modules one by one takes three times as long. */
import './crash-points.mjs';
import { run } from '../../../src/cli/program.ts';

await new Promise((resolve) => {
  const listen = ({ isToBegin }) => {
    if (!isToBegin) return;
    process.off('message', listen);
    resolve();
  };
  process.on('message', listen);
});
// The test's line to us is no reason to stay alive from here on.
process.channel?.unref();
process.exitCode = await run(process.argv.slice(2));
