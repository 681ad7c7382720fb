import { parentPort, type TransferListItem, workerData } from 'node:worker_threads';
import { decodeRequest } from './decode-request.js';
import {
  type DecodeRequestMessage,
  type DecodeResponseMessage,
  type DecodeWorkerData,
  WORKER_READY,
} from './worker-messages.js';

// Errors are control flow for rejected records here; collecting their stacks would cost more than decoding.
Error.stackTraceLimit = 0;

const { limits, tenant } = workerData as DecodeWorkerData;

parentPort?.on('message', ({ id, job }: DecodeRequestMessage) => {
  const outcome = decodeRequest(job, limits, tenant);
  const transferred: TransferListItem[] = [];
  if (outcome.kind === 'decoded') {
    for (const { rows, rowEnds } of outcome.tables) {
      for (const { buffer } of [rows, rowEnds]) if (buffer instanceof ArrayBuffer) transferred.push(buffer);
    }
  }
  const response: DecodeResponseMessage = { id, outcome };
  parentPort?.postMessage(response, transferred);
});

parentPort?.postMessage(WORKER_READY, []);
