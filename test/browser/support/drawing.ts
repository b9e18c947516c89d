/** A message of the page as an SVG: a picture that is text, sharp at any size, and light or dark as its reader's screen is. */
import type { Locator } from 'playwright-core';

/** Runs in the page: the message itself, and of the style sheets what applies to it as it stands. */
const DRAW = `(message) => {
  const copy = message.cloneNode(true);
  copy.querySelector('.message-tools')?.remove();
  const parts = [message, ...message.querySelectorAll('*')];
  const applies = ({ selectorText: selector }) =>
    selector !== undefined && (selector.startsWith(':root') || selector.startsWith('*') || parts.some((part) => part.matches(selector)));
  const rules = [...document.styleSheets].flatMap(({ cssRules }) => [...cssRules]).filter(applies);
  const frame = document.createElementNS('http://www.w3.org/1999/xhtml', 'div');
  frame.className = 'picture';
  frame.append(copy);
  const { height } = message.getBoundingClientRect();
  return { css: rules.map(({ cssText }) => cssText).join('\\n'), body: new XMLSerializer().serializeToString(frame), height };
}`;

const MARGIN = 12;

export const drawingOf = async (message: Locator, width: number): Promise<string> => {
  const ts = await message.getAttribute('data-ts');
  const { css, body, height } = await message
    .page()
    .evaluate<{ css: string; body: string; height: number }>(`(${DRAW})(document.querySelector('[data-ts="${ts}"]'))`);
  const whole = Math.ceil(height) + 2 * MARGIN;
  const frame = `.picture { background: var(--bg); border: 1px solid var(--line); border-radius: var(--radius); box-sizing: border-box; color: var(--text);
    font: 15px/1.46 var(--font); height: 100%; padding-block: ${MARGIN - 1}px; }`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${whole}" viewBox="0 0 ${width} ${whole}">
<style><![CDATA[${css}
${frame}]]></style>
<foreignObject width="${width}" height="${whole}">${body}</foreignObject>
</svg>
`;
};
