import { createContextKey } from '@opentelemetry/api';

/** In the context of everything that a patched method does: spans of other instrumentations in there repeat our call. */
export const INSIDE_CALL_KEY = createContextKey('costel.inside_call');
