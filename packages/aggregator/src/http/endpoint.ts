import { createHash } from 'node:crypto';
import type { Context, Handler } from 'hono';
import { z } from 'zod';
import { checkQuery, type CheckedQuery } from './parameters.js';

/** What an endpoint answers from. */
export interface EndpointRequest<Values> extends CheckedQuery<Values> {
  /** The part of the path that is variable, e.g. the dimension; empty where the path has none. */
  readonly pathValue: string;
  readonly nowMs: number;
}

/** One GET endpoint under `/api/v1`: its parameters are checked and documented from the same schema. */
export interface EndpointDefinition<Shape extends z.ZodRawShape> {
  /** Hono's form, e.g. `/costs/by/:dimension`. */
  readonly path: string;
  readonly summary: string;
  readonly parameters: Shape;
  /** Whether `filter.DIM=VALUE` is taken. */
  readonly hasFilters: boolean;
  readonly answer: (request: EndpointRequest<z.output<z.ZodObject<Shape>>>) => Promise<object>;
}

/** An endpoint ready to be mounted and described. */
export interface Endpoint {
  readonly path: string;
  readonly handle: (clock: () => number) => Handler;
  /** The OpenAPI operation. */
  readonly describe: () => object;
}

/** Answers JSON with an entity tag, so that a page that polls gets 304 while nothing has changed. */
export function answerJson(context: Context, body: object): Response {
  const text = JSON.stringify(body);
  const etag = `W/"${createHash('sha1').update(text).digest('base64url')}"`;
  const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-cache', ETag: etag };
  if (context.req.header('if-none-match') === etag) return new Response(null, { status: 304, headers });
  return new Response(text, { headers });
}

/** Makes an endpoint of its definition. */
export function defineEndpoint<Shape extends z.ZodRawShape>(definition: EndpointDefinition<Shape>): Endpoint {
  return {
    path: definition.path,
    handle: (clock) => async (context) => {
      const query = checkQuery(new URL(context.req.url).searchParams, definition.parameters, definition.hasFilters);
      const pathValue = Object.values(context.req.param())[0] ?? '';
      return answerJson(context, await definition.answer({ ...query, pathValue, nowMs: clock() }));
    },
    describe: () => describeEndpoint(definition),
  };
}

function describeEndpoint<Shape extends z.ZodRawShape>(definition: EndpointDefinition<Shape>): object {
  const schema = z.toJSONSchema(z.object(definition.parameters), { io: 'input' });
  const fromPath = [...definition.path.matchAll(/:(\w+)/g)].map((match) => ({
    name: match[1] ?? '',
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const fromQuery = Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: 'query',
    required: schema.required?.includes(name) ?? false,
    schema: property,
  }));
  const filters = definition.hasFilters
    ? [
        {
          name: 'filter',
          in: 'query',
          required: false,
          description: 'Written filter.DIMENSION=VALUE; repeated, it means any of the values.',
          style: 'form',
          explode: true,
          schema: { type: 'object', additionalProperties: { type: 'string' } },
        },
      ]
    : [];
  const problem = {
    description: 'What is wrong, and how to put it right',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  return {
    get: {
      summary: definition.summary,
      parameters: [...fromPath, ...fromQuery, ...filters],
      responses: { 200: { description: 'OK', content: { 'application/json': {} } }, 400: problem, 503: problem },
    },
  };
}

const PROBLEM_TEXTS = ['type', 'title', 'code', 'detail', 'parameter', 'value', 'limit', 'fix'] as const;

/** The OpenAPI 3.1 document of a set of endpoints. */
export function describeEndpoints(endpoints: readonly Endpoint[]): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Costel',
      version: '1',
      description:
        'What LLM calls cost. Money is a decimal string in US dollars, times are ISO 8601 UTC, intervals half-open.',
    },
    servers: [{ url: '/api/v1' }],
    paths: Object.fromEntries(
      endpoints.map((endpoint) => [endpoint.path.replaceAll(/:(\w+)/g, '{$1}'), endpoint.describe()]),
    ),
    components: {
      schemas: {
        Problem: {
          type: 'object',
          required: ['type', 'title', 'status', 'code', 'detail'],
          properties: {
            status: { type: 'integer' },
            ...Object.fromEntries(PROBLEM_TEXTS.map((name) => [name, { type: 'string' }])),
          },
        },
      },
    },
  };
}
