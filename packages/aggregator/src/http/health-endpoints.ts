import { defineEndpoint, type Endpoint } from './endpoint.js';
import { ApiProblem } from './problem.js';
import type { TickHealth } from '../service/ticker.js';
import { toIso } from './cost-json.js';

/** What health and readiness are told from. */
export interface HealthSources {
  /** Random identity of this process; `run.json` holds the same. */
  readonly instance: string;
  readonly startedAtMs: number;
  readonly ping: () => Promise<void>;
  readonly tickHealth: () => readonly TickHealth[];
}

function tickJson(tick: TickHealth): object {
  return {
    name: tick.name,
    runs: tick.runs,
    failures: tick.failures,
    last_duration_seconds: tick.lastDurationSeconds,
    last_success: tick.lastSuccessMs === undefined ? null : toIso(tick.lastSuccessMs),
    error: tick.lastError ?? null,
  };
}

/** `health`: this process is alive. `ready`: the store answers and every tick has run and works. */
export function healthEndpoints(sources: HealthSources): Endpoint[] {
  return [
    defineEndpoint({
      path: '/health',
      summary: 'Whether this process is alive',
      parameters: {},
      hasFilters: false,
      answer: () =>
        Promise.resolve({ status: 'alive', instance: sources.instance, started_at: toIso(sources.startedAtMs) }),
    }),
    defineEndpoint({
      path: '/ready',
      summary: 'Whether this process can serve: the store answers and all repeated work succeeds',
      parameters: {},
      hasFilters: false,
      answer: async () => {
        try {
          await sources.ping();
        } catch (error) {
          throw new ApiProblem(
            'store_unavailable',
            { detail: 'the store does not answer', fix: 'see the log; "costel doctor" says what is missing' },
            error,
          );
        }
        const ticks = sources.tickHealth();
        const waiting = ticks.filter(
          (tick) => !tick.isUpkeep && (tick.lastSuccessMs === undefined || tick.consecutiveFailures > 0),
        );
        if (waiting.length > 0) {
          const names = waiting.map((tick) => tick.name).join(', ');
          throw new ApiProblem('not_ready', {
            detail: `not done yet: ${names}`,
            fix: 'wait a moment; if it lasts, see the log',
          });
        }
        return { status: 'ready', ticks: ticks.map(tickJson) };
      },
    }),
  ];
}
