import { readFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { packedSize } from '../../../scripts/measure-packages.mjs';
import { stagePublished } from '../../../scripts/stage-published.mjs';

const published = stagePublished();
afterAll(published.remove);

it.each(['instrumentation', 'node', 'pricing', 'semconv'])(
  'the README states what %s weighs when it is installed',
  (name) => {
    const readme = readFileSync(new URL('../../node/README.md', import.meta.url), 'utf8');
    const stated = new RegExp(`\`@costel/${name}\` unpacked +\\| ([\\d,]+) kB`).exec(readme)?.[1];
    const kilobytes = packedSize(published.directoryOf(name)).bytes / 1000;
    // Measured anew by scripts/measure-packages.mjs --write; small changes need not be.
    expect(Number(stated?.replaceAll(',', '')) / kilobytes).toBeGreaterThan(0.85);
    expect(Number(stated?.replaceAll(',', '')) / kilobytes).toBeLessThan(1.15);
  },
);
