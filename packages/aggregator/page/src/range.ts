/** A span of time that ends now, and the size of the points in which it is drawn. */
export interface Range {
  readonly label: string;
  readonly days: number;
  readonly grain: 'hourly' | 'daily';
  readonly stepSeconds: number;
}

/** The ranges that a reader can choose from; the first one is shown at the start. */
export const RANGES: readonly [Range, ...Range[]] = [
  { label: '24 h', days: 1, grain: 'hourly', stepSeconds: 3600 },
  { label: '7 d', days: 7, grain: 'hourly', stepSeconds: 3600 },
  { label: '30 d', days: 30, grain: 'daily', stepSeconds: 86_400 },
];
