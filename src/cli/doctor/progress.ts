/** Says on a terminal what is still waited for; says nothing where its words would be read by a program. */
import type { Progress } from '../../compose/doctor/examine-all.ts';

const CLEAR = '\r\u001b[K';
const SHOWN_MAX = 4;

export const startProgress = (names: readonly string[]): Progress => {
  const { stderr } = process;
  const open = [...names];
  const draw = (): void => {
    if (!stderr.isTTY || open.length === 0) return;
    const more = open.length > SHOWN_MAX ? ` and ${open.length - SHOWN_MAX} more` : '';
    stderr.write(`${CLEAR}Looking at ${open.slice(0, SHOWN_MAX).join(', ')}${more} …`);
  };
  draw();
  return {
    done: (name) => {
      open.splice(open.indexOf(name), 1);
      draw();
    },
    end: () => {
      if (stderr.isTTY) stderr.write(CLEAR);
    },
  };
};
