/** Whether a price key prices tokens: those end in `_mtok`. */
export function isTokenKey(key: string): boolean {
  return key.endsWith('_mtok');
}
