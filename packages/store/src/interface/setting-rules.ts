import { availableParallelism } from 'node:os';
import { refused } from './interface-error.js';

/** Bounds of one statement, so that no single one takes the process down. */
export interface StatementLimits {
  /** Default 30. */
  readonly maxExecutionSeconds: number;
  /** Of the answer. Default 256 MiB. */
  readonly maxResultBytes: number;
  /** Default 1 000 000. */
  readonly maxResultRows: number;
  /** Of the engine's memory for one statement. Default 2 GiB. */
  readonly maxMemoryBytes: number;
}

/** See {@link StatementLimits}. */
export const DEFAULT_LIMITS: StatementLimits = {
  maxExecutionSeconds: 30,
  maxResultBytes: 256 * 1024 * 1024,
  maxResultRows: 1_000_000,
  maxMemoryBytes: 2 * 1024 * 1024 * 1024,
};

/** How a client may change a setting: freely, downwards from a cap, or not at all but without an error. */
export type SettingRule =
  | { readonly kind: 'free' }
  | { readonly kind: 'capped'; readonly cap: number }
  | { readonly kind: 'ignored' };

const FREE = new Set([
  'max_block_size',
  'max_insert_block_size',
  'min_insert_block_size_rows',
  'min_insert_block_size_bytes',
  'insert_deduplicate',
  'insert_deduplication_token',
  'deduplicate_blocks_in_dependent_materialized_views',
  'session_timezone',
  'date_time_input_format',
  'date_time_output_format',
  'final',
  'do_not_merge_across_partitions_select_final',
  'defer_partition_pruning_after_final',
  'optimize_move_to_prewhere',
  'optimize_move_to_prewhere_if_final',
  'use_skip_indexes',
  'use_skip_indexes_if_final',
  'use_skip_indexes_if_final_exact_mode',
  'optimize_and_compare_chain',
  'query_plan_merge_expressions',
  'use_uncompressed_cache',
  'join_algorithm',
  'join_use_nulls',
  'join_default_strictness',
  'any_join_distinct_right_table_keys',
  'group_by_use_nulls',
  'group_by_two_level_threshold',
  'max_bytes_before_external_group_by',
  'max_bytes_before_external_sort',
  'transform_null_in',
  'prefer_column_name_to_alias',
  'enable_json_type',
  'cast_string_to_dynamic_use_inference',
  'cast_string_to_variant_use_inference',
  'use_variant_as_common_type',
  'allow_experimental_json_type',
  'enable_variant_type',
  'enable_dynamic_type',
  'allow_experimental_variant_type',
  'allow_experimental_dynamic_type',
  'flatten_nested',
  'cast_keep_nullable',
  'decimal_check_overflow',
  'extremes',
  'limit',
  'offset',
  'aggregate_functions_null_for_empty',
  'union_default_mode',
  'distinct_overflow_mode',
  'optimize_read_in_order',
  'optimize_aggregation_in_order',
  'enable_optimize_predicate_expression',
  'allow_suspicious_low_cardinality_types',
  'low_cardinality_allow_in_native_format',
  'describe_compact_output',
  'describe_include_subcolumns',
  'enable_analyzer',
  'allow_experimental_analyzer',
  'format_csv_delimiter',
  'format_csv_allow_single_quotes',
  'format_csv_allow_double_quotes',
  'format_csv_null_representation',
  'format_tsv_null_representation',
  'bool_true_representation',
  'bool_false_representation',
  'max_rows_to_group_by',
  'parallel_view_processing',
  'priority',
]);

/** Accepted so that clients need no change, without effect here; we decide how an insert is acknowledged. */
const IGNORED = new Set([
  // Statements are told apart by it, so that they can be ended.
  'log_comment',
  // Its key does not know temporary and external tables: one client's table would be in another's answer.
  'use_query_cache',
  'async_insert',
  'wait_for_async_insert',
  'async_insert_max_data_size',
  'async_insert_busy_timeout_ms',
  'async_insert_busy_timeout_max_ms',
  'readonly',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'wait_end_of_query',
  'buffer_size',
  'enable_http_compression',
  'http_zlib_compression_level',
  'cancel_http_readonly_queries_on_client_close',
  'add_http_cors_header',
  'http_write_exception_in_output_format',
  'send_logs_level',
  'network_compression_method',
  'allow_experimental_object_type',
  'output_format_native_use_flattened_dynamic_and_json_serialization',
  'insert_quorum',
  'insert_quorum_timeout',
  'insert_distributed_sync',
  'select_sequential_consistency',
  'max_partitions_per_insert_block',
  'materialized_views_ignore_errors',
  'alter_sync',
  'mutations_sync',
  'replication_alter_partitions_sync',
  'http_receive_timeout',
  'http_send_timeout',
  'connect_timeout',
  'receive_timeout',
  'send_timeout',
  'idle_connection_timeout',
  'http_max_field_value_size',
  'role',
]);

/**
 * What would lose rows in silence, or mix answers. As a field of a request such a setting is ignored like the others; in
 * a statement, where the engine would obey it, it must be off.
 */
export const MUST_BE_OFF: ReadonlySet<string> = new Set([
  'async_insert',
  'materialized_views_ignore_errors',
  'use_query_cache',
]);

/** Options of the formats never name a file, a schema, an address, or code. */
const FORMAT_OPTION = /^(?:input|output)_format_[a-z0-9_]+$/;
const FORMAT_OPTION_REFUSED = /path|file|schema|url|expression|template|record_errors|registry|encrypt/;

/**
 * What a client may do with a setting. Everything unlisted is refused: settings name files, addresses and dialects.
 * @throws InterfaceError 497.
 */
export function settingRule(name: string, limits: StatementLimits): SettingRule {
  const cap = capOf(name, limits);
  if (cap !== undefined) return { kind: 'capped', cap };
  if (FREE.has(name)) return { kind: 'free' };
  if (IGNORED.has(name)) return { kind: 'ignored' };
  if (FORMAT_OPTION.test(name) && !FORMAT_OPTION_REFUSED.test(name)) return { kind: 'free' };
  throw refused(`the setting ${name.slice(0, 100)}`);
}

/** Of the system's priorities the one that comes last. */
const LOWEST_PRIORITY = 19;
/** Threads of one statement: more would only take them from others. */
const MAX_THREADS = Math.max(4, availableParallelism());

function capOf(name: string, limits: StatementLimits): number | undefined {
  switch (name) {
    case 'max_execution_time':
      return limits.maxExecutionSeconds;
    case 'max_result_bytes':
      return limits.maxResultBytes;
    case 'max_memory_usage':
      return limits.maxMemoryBytes;
    case 'max_result_rows':
      return limits.maxResultRows;
    case 'max_threads':
    case 'max_insert_threads':
      return MAX_THREADS;
    case 'os_thread_priority':
      // Only ever behind others: a negative number would be before them.
      return LOWEST_PRIORITY;
    case 'max_rows_to_read':
    case 'max_bytes_to_read':
      return Number.MAX_SAFE_INTEGER;
    default:
      return undefined;
  }
}

/**
 * The value that a setting gets: never beyond its cap, where 0 and nonsense mean "no limit", which is the cap.
 * Undefined for what is ignored. E.g. `max_execution_time=600` under a cap of 30 is 30.
 */
export function cappedValue(rule: SettingRule, value: string): string | number | undefined {
  if (rule.kind === 'ignored') return undefined;
  if (rule.kind === 'free') return value;
  const number = Number(value);
  return Number.isFinite(number) && number > 0 && number <= rule.cap ? number : rule.cap;
}

/** The settings that hold whatever a client asks for. */
export function fixedSettings(limits: StatementLimits): Record<string, string | number> {
  return {
    max_execution_time: limits.maxExecutionSeconds,
    timeout_overflow_mode: 'throw',
    max_result_bytes: limits.maxResultBytes,
    max_result_rows: limits.maxResultRows,
    result_overflow_mode: 'throw',
    max_memory_usage: limits.maxMemoryBytes,
    max_query_size: 1_048_576,
    // A row of VALUES is data: `(file('/etc/passwd'))` must not be evaluated.
    input_format_values_interpret_expressions: 0,
    input_format_values_deduce_templates_of_expressions: 0,
    // A schema that the client did not state is never guessed from files.
    use_structure_from_insertion_table_in_table_functions: 0,
  };
}
