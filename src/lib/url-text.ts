/** Whether a part of a URL can be decoded, and is text without a zero character once it is. */
export const isUrlText = (part: string): boolean => {
  try {
    return !decodeURIComponent(part).includes('\0');
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
};
