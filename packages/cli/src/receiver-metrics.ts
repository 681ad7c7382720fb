import type { MetricFamily } from '@costel/aggregator';
import type { ReceiverStats } from '@costel/receiver';

function counter(
  name: string,
  help: string,
  label: string,
  counts: Readonly<Partial<Record<string, number>>>,
): MetricFamily {
  const samples = Object.entries(counts).map(([key, value]) => ({ labels: { [label]: key }, value: value ?? 0 }));
  return { name, help, type: 'counter', samples };
}

/** What the receiver has done since its start, for Prometheus. */
export function receiverMetrics(stats: ReceiverStats): MetricFamily[] {
  const inserts = Object.entries(stats.inserts);
  return [
    counter('costel_receiver_requests_total', 'OTLP requests acknowledged.', 'signal', stats.requests),
    counter('costel_receiver_records_total', 'Spans, data points and log records stored.', 'signal', stats.accepted),
    counter(
      'costel_receiver_rejected_records_total',
      'Records not stored though their request was.',
      'reason',
      stats.rejected,
    ),
    counter('costel_receiver_refused_requests_total', 'Requests of which nothing was stored.', 'reason', stats.refused),
    counter(
      'costel_receiver_adjusted_records_total',
      'Changes made to records that were stored.',
      'kind',
      stats.adjusted,
    ),
    {
      name: 'costel_receiver_received_bytes_total',
      help: 'Bytes of OTLP bodies as they arrived.',
      type: 'counter',
      samples: [{ value: stats.receivedBytes }],
    },
    {
      name: 'costel_receiver_queued_requests',
      help: 'Requests that are read, decoded or inserted now.',
      type: 'gauge',
      samples: [{ value: stats.queue.requests }],
    },
    {
      name: 'costel_receiver_inserted_rows_total',
      help: 'Rows committed, by table.',
      type: 'counter',
      samples: inserts.map(([table, insert]) => ({ labels: { table }, value: insert.rows })),
    },
    {
      name: 'costel_receiver_insert_seconds_total',
      help: 'Time spent in committed inserts, by table.',
      type: 'counter',
      samples: inserts.map(([table, insert]) => ({ labels: { table }, value: insert.latencySumMs / 1000 })),
    },
    {
      name: 'costel_receiver_inserts_total',
      help: 'Committed inserts, by table.',
      type: 'counter',
      samples: inserts.map(([table, insert]) => ({ labels: { table }, value: insert.inserts })),
    },
    {
      name: 'costel_receiver_failed_inserts_total',
      help: 'Inserts that failed, by table.',
      type: 'counter',
      samples: inserts.map(([table, insert]) => ({ labels: { table }, value: insert.failedInserts })),
    },
  ];
}
