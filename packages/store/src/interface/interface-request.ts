import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isPlainIdentifier } from '../engine/literals.js';
import { InterfaceError } from './interface-error.js';
import { parseMultipart } from './multipart.js';
import { readBody } from './request-body.js';
import type { BodyLimits } from './request-body.js';
import { cappedValue, settingRule } from './setting-rules.js';
import type { StatementLimits } from './setting-rules.js';
import { checkFormat } from './statement-check.js';

/** One request, understood and within bounds; nothing in it has been judged as SQL yet. */
export interface InterfaceRequest {
  readonly queryId: string;
  /** `query` and the body as ClickHouse joins them. */
  readonly text: Buffer;
  /** Of the answer, where the statement does not say. */
  readonly format: string;
  /** Text as it came: the engine reads it escaped as a field of TSV. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly isNativeProtocol: boolean;
}

/** Fields that steer the interface and are no settings of a statement. A session holds nothing here, so its id is not needed. */
const INTERFACE_FIELDS = new Set([
  'query',
  'database',
  'default_format',
  'query_id',
  'session_id',
  'session_timeout',
  'session_check',
  'close_session',
  'user',
  'password',
  'quota_key',
  'compress',
  'decompress',
  'client_protocol_version',
  'stacktrace',
  'network_compression_method',
]);

/** What is read of the URL before the body: how to read the body. */
export function isFramedRequest(query: URLSearchParams): boolean {
  return isOn(query.get('decompress'));
}

/** True for `1` and `true`, as ClickHouse reads a switch. */
export function isOn(value: string | null): boolean {
  return value === '1' || value === 'true';
}

/**
 * Reads a request whole.
 * @throws InterfaceError for a body beyond the bounds, a database other than Costel's, a setting or a parameter name
 * that is not allowed.
 */
export async function readInterfaceRequest(
  request: IncomingMessage,
  query: URLSearchParams,
  context: { readonly database: string; readonly limits: StatementLimits & BodyLimits },
): Promise<InterfaceRequest> {
  const body = await readBody(request, isFramedRequest(query), context.limits);
  const contentType = request.headers['content-type'] ?? '';
  const isMultipart = /^multipart\/form-data\b/i.test(contentType);
  const fields = new Map(query);
  if (isMultipart) for (const [name, value] of parseMultipart(body, contentType)) fields.set(name, value);
  checkDatabase(fields.get('database') ?? headerOf(request, 'x-clickhouse-database'), context.database);
  const format = headerOf(request, 'x-clickhouse-format') ?? fields.get('default_format') ?? 'TabSeparated';
  checkFormat(format);
  return {
    queryId: queryIdOf(fields.get('query_id')),
    text: joinText(fields.get('query') ?? '', isMultipart ? Buffer.alloc(0) : body),
    format,
    parameters: readParameters(fields),
    settings: readSettings(fields, context.limits),
    isNativeProtocol: fields.has('client_protocol_version'),
  };
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Clients name `default` where the user names nothing; here that is Costel's database. */
function checkDatabase(name: string | undefined, database: string): void {
  if (name === undefined || name === '' || name === 'default' || name === database) return;
  throw new InterfaceError(
    81,
    'UNKNOWN_DATABASE',
    `Database ${JSON.stringify(name.slice(0, 100))} does not exist on this port: use ${database}`,
  );
}

function queryIdOf(asked: string | undefined): string {
  return asked !== undefined && /^[\w.:@-]{1,128}$/.test(asked) ? asked : randomUUID();
}

function joinText(query: string, body: Buffer): Buffer {
  if (query === '') return body;
  const head = Buffer.from(query, 'utf8');
  return body.length === 0 ? head : Buffer.concat([head, Buffer.from('\n'), body]);
}

const PARAMETER_PREFIX = 'param_';
const MAX_PARAMETERS = 1000;

function readParameters(fields: ReadonlyMap<string, string>): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [field, value] of fields) {
    if (!field.startsWith(PARAMETER_PREFIX)) continue;
    const name = field.slice(PARAMETER_PREFIX.length);
    if (!isPlainIdentifier(name))
      throw new InterfaceError(
        36,
        'BAD_ARGUMENTS',
        `the parameter ${JSON.stringify(name.slice(0, 100))} must be letters, digits and _`,
      );
    parameters.set(name, value);
  }
  if (parameters.size > MAX_PARAMETERS)
    throw new InterfaceError(36, 'BAD_ARGUMENTS', `more than ${MAX_PARAMETERS} parameters`);
  return parameters;
}

function readSettings(fields: ReadonlyMap<string, string>, limits: StatementLimits): Record<string, string | number> {
  const settings: Record<string, string | number> = {};
  for (const [name, value] of fields) {
    if (INTERFACE_FIELDS.has(name) || name.startsWith(PARAMETER_PREFIX)) continue;
    const allowed = cappedValue(settingRule(name, limits), value);
    if (allowed !== undefined) settings[name] = allowed;
  }
  return settings;
}
