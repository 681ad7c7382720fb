import { asRecord } from '../sdks/read-unknown.js';
import { ATTRIBUTE_OF_FIELD, attributionAttributes, type AttributionField } from './cost-attribution.js';

type Fields = Readonly<Record<string, unknown>>;

/** A request's own labels: OpenAI's and others', Bedrock's, Google's. */
function labelsOf(request: Fields): Fields | undefined {
  return asRecord(
    request['metadata'] ?? request['requestMetadata'] ?? request['labels'] ?? asRecord(request['config'])?.['labels'],
  );
}

/**
 * The attribution that a request states in its own labels: keys that name a dimension (`{ feature: 'search' }`), and as
 * tags those that the configuration allows; everything else may be anything and stays where it is.
 * @returns undefined where there is none, which is the usual case.
 */
export function attributionOfRequest(
  request: Fields,
  allowedTags: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const labels = labelsOf(request);
  if (labels === undefined) return undefined;
  const fields: Partial<Record<AttributionField, string>> = {};
  const tags: Record<string, string> = {};
  for (const [name, value] of Object.entries(labels)) {
    if (typeof value !== 'string') continue;
    if (Object.hasOwn(ATTRIBUTE_OF_FIELD, name)) fields[name as AttributionField] = value;
    else if (allowedTags.includes(name)) tags[name] = value;
  }
  const attributes = attributionAttributes({ ...fields, tags });
  return Object.keys(attributes).length === 0 ? undefined : attributes;
}
