/** Reads the few elements that are needed of the XML that AWS's older services speak. */
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const decoded = (text: string): string =>
  text.replaceAll(/&(#x?)?([0-9a-z]{1,7});/gi, (whole, number: string | undefined, value: string) => {
    if (number === undefined) return ENTITIES[value] ?? whole;
    return String.fromCodePoint(Number.parseInt(value, number === '#' ? 10 : 16));
  });

/** Of the first element of that name that holds text only; null where there is none. */
export const textIn = (xml: string, element: string): string | null => {
  const found = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
  return found === undefined ? null : decoded(found);
};

/** Of each `<member>` that holds text only. */
export const membersIn = (xml: string): string[] =>
  [...xml.matchAll(/<member>([^<]*)<\/member>/g)].map(([, text = '']) => decoded(text));
