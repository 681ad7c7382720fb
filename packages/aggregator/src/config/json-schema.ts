import { z } from 'zod';
import { configSchema } from './schema.js';

/** The JSON schema of `costel.yaml`, for editors and other tools; committed as `costel.schema.json`. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, { io: 'input' });
  return { ...schema, title: 'Costel configuration' };
}

/** The names that a section may hold, by its path in a file of that schema; empty where any name or no name fits. */
export function validKeys(schema: z.ZodType, path: readonly (string | number)[]): readonly string[] {
  let node: unknown = z.toJSONSchema(schema, { io: 'input' });
  for (const step of path) {
    node = typeof step === 'number' ? property(node, 'items') : property(property(node, 'properties'), step);
  }
  const properties = property(node, 'properties');
  if (typeof properties === 'object' && properties !== null) return Object.keys(properties);
  const names = property(property(node, 'propertyNames'), 'enum');
  return Array.isArray(names) ? names.map(String) : [];
}

function property(node: unknown, name: string): unknown {
  return typeof node === 'object' && node !== null && name in node
    ? (node as Record<string, unknown>)[name]
    : undefined;
}
