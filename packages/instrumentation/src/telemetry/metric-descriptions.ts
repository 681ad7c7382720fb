import {
  METRIC_COSTEL_COST,
  METRIC_COSTEL_INEXACT_CALLS,
  METRIC_COSTEL_INSTRUMENTATION_ERRORS,
  METRIC_GEN_AI_CLIENT_OPERATION_DURATION,
  METRIC_GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK,
} from '@costel/semconv';

/** What a metric is called and counted in. */
export interface MetricDescription {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
}

export const DURATION: MetricDescription = {
  name: METRIC_GEN_AI_CLIENT_OPERATION_DURATION,
  unit: 's',
  description: 'Duration of a call.',
};

export const TIME_TO_FIRST_CHUNK: MetricDescription = {
  name: METRIC_GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK,
  unit: 's',
  description: 'Time from the request to the first chunk of a streamed answer.',
};

export const COST: MetricDescription = {
  name: METRIC_COSTEL_COST,
  unit: '{USD}',
  description: 'Cost of calls in dollars.',
};

export const INEXACT_CALLS: MetricDescription = {
  name: METRIC_COSTEL_INEXACT_CALLS,
  unit: '{call}',
  description: 'Calls without an exact cost: unpriced, or with usage that is estimated, missing or inconsistent.',
};

export const ERRORS: MetricDescription = {
  name: METRIC_COSTEL_INSTRUMENTATION_ERRORS,
  unit: '{error}',
  description: 'Trouble inside the instrumentation, by hook; calls are not affected.',
};

/** Tokens of a call as one histogram, or of all calls as two counters, as the edition of the conventions has it. */
export function tokenDescription(name: string): MetricDescription {
  return { name, unit: '{token}', description: 'Input and output tokens of a call.' };
}
