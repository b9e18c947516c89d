/** The address says who I am and where I look, so that two windows may be two people and a reload stays where it was. */

export type Address = {
  /** Name of a person; null for the first one. */
  as: string | null;
  /** `prod-access` or `@latchkey`; null for the first channel. */
  at: string | null;
  tab: 'home' | 'messages';
};

export const readAddress = (search: string): Address => {
  const query = new URLSearchParams(search);
  return { as: query.get('as'), at: query.get('at'), tab: query.get('tab') === 'home' ? 'home' : 'messages' };
};

export const writeAddress = ({ as, at, tab }: Address): string => {
  const query = new URLSearchParams();
  if (as !== null) query.set('as', as);
  if (at !== null) query.set('at', at);
  if (tab === 'home') query.set('tab', 'home');
  return `/?${query.toString().replaceAll('%40', '@')}`;
};
