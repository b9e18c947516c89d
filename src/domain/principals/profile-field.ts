/** Which field of a profile names the manager: by its id, or by a label that only one field has. */
export const managerFieldOf = <F extends { id?: string; label?: string }>(
  wanted: string,
  fields: readonly F[],
): F | null => {
  const name = wanted.toLowerCase();
  const byId = fields.find(({ id }) => id?.toLowerCase() === name);
  if (byId) return byId;
  const [found = null, ...others] = fields.filter(({ label }) => label?.toLowerCase() === name);
  return others.length === 0 ? found : null;
};
