import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isPlainIdentifier } from '../engine/literals.js';
import { InterfaceError } from './interface-error.js';
import { parseMultipart } from './multipart.js';
import type { BodyDecoder } from './body-decoder.js';
import { readExternalTables } from './external-tables.js';
import type { ExternalTable } from './external-tables.js';
import { readBody } from './request-body.js';
import type { BodyLimits } from './request-body.js';
import { DEFAULT_SESSION_SECONDS, MAX_SESSION_SECONDS } from './sessions.js';
import type { SessionRequest } from './sessions.js';
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
  /** Undefined where the statement stands alone. */
  readonly session: SessionRequest | undefined;
  /** Whether the client itself asks for no more than reading, whatever its credential allows. */
  readonly isReadOnly: boolean;
  readonly externalTables: readonly ExternalTable[];
}

/** Fields that steer the interface and are no settings of a statement. */
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
  'readonly',
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

/** What a request is read with. */
export interface RequestContext {
  readonly database: string;
  readonly decoder: BodyDecoder;
  readonly limits: StatementLimits & BodyLimits;
}

/**
 * Reads a request whole.
 * @throws InterfaceError for a body beyond the bounds, a database other than Costel's, a setting or a parameter name
 * that is not allowed.
 */
export async function readInterfaceRequest(
  request: IncomingMessage,
  query: URLSearchParams,
  context: RequestContext,
): Promise<InterfaceRequest> {
  const body = await readBody(request, isFramedRequest(query), context);
  const contentType = request.headers['content-type'] ?? '';
  const isMultipart = /^multipart\/form-data\b/i.test(contentType);
  const fields = new Map(query);
  const form = isMultipart ? parseMultipart(body, contentType) : undefined;
  for (const [name, value] of form?.fields ?? []) fields.set(name, value);
  const externalTables = readExternalTables(form?.files ?? [], fields);
  checkDatabase(fields.get('database') ?? headerOf(request, 'x-clickhouse-database'), context.database);
  const format = headerOf(request, 'x-clickhouse-format') ?? fields.get('default_format') ?? 'TSV';
  checkFormat(format);
  return {
    queryId: queryIdOf(fields.get('query_id')),
    text: joinText(fields.get('query') ?? '', form === undefined ? body : Buffer.alloc(0)),
    format,
    parameters: readParameters(fields),
    settings: readSettings(fields, context.limits),
    isNativeProtocol: fields.has('client_protocol_version'),
    session: readSession(fields),
    isReadOnly: !['', '0'].includes(fields.get('readonly') ?? ''),
    externalTables,
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

const MAX_SESSION_ID_CHARACTERS = 256;

function readSession(fields: ReadonlyMap<string, string>): SessionRequest | undefined {
  const id = fields.get('session_id') ?? '';
  if (id === '') return undefined;
  if (id.length > MAX_SESSION_ID_CHARACTERS)
    throw new InterfaceError(
      36,
      'BAD_ARGUMENTS',
      `the session_id is longer than ${MAX_SESSION_ID_CHARACTERS} characters`,
    );
  const seconds = Number(fields.get('session_timeout') ?? DEFAULT_SESSION_SECONDS);
  if (!(seconds >= 0 && seconds <= MAX_SESSION_SECONDS))
    throw new InterfaceError(
      374,
      'INVALID_SESSION_TIMEOUT',
      `session_timeout must be between 0 and ${MAX_SESSION_SECONDS} seconds`,
    );
  return {
    id,
    timeoutSeconds: seconds,
    mustExist: isOn(fields.get('session_check') ?? null),
    endsAfter: isOn(fields.get('close_session') ?? null),
  };
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
