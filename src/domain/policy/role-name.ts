/** `target/role` in its two halves; of a deployment the second may hold slashes. Without a slash both are in the first, and the second is empty. */
export const splitRole = (text: string): [target: string, role: string] => {
  const at = text.indexOf('/');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
};
