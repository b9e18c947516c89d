/** XML as AWS's older services write it. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

export const element = (name: string, content: string, isText = true): string =>
  `<${name}>${isText ? escaped(content) : content}</${name}>`;

export const members = (values: readonly string[]): string => values.map((value) => element('member', value)).join('');
