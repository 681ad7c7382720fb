import { appendFileSync } from 'node:fs';

/** Prints what a fault test measured, and keeps it in `.cache/faults/figures.txt`. */
export function printFigure(fault: string, figures: Readonly<Record<string, number | string>>): void {
  const text = Object.entries(figures)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
  const line = `figure: ${fault}: ${text}`;
  process.stdout.write(`${line}\n`);
  const file = process.env['COSTEL_FAULTS_FIGURES'];
  if (file !== undefined) appendFileSync(file, `${line}\n`);
}

/** Value below which a share of the values lies, e.g. 0.95. NaN without values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
