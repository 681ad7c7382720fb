import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { until } from './telemetry.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Collects garbage, again and again, until its consequence is seen. */
export async function untilCollected(condition: () => boolean, what: string): Promise<void> {
  await until(() => {
    collectGarbage();
    return condition();
  }, what);
}
