/** Whether a price key prices tokens: those end in `_mtok`. */
export function isTokenKey(key: string): boolean {
  return key.endsWith('_mtok');
}

/** Whether a price key prices tokens of sound, images or video. */
export function isModalityKey(key: string): boolean {
  return /_(audio|image|video)_/.test(key);
}
