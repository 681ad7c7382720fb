// Writes costel.schema.json from the configuration schema; run after `npm run build` when the schema has changed, then
// `npm run format`.
import { writeFileSync } from 'node:fs';
import { configJsonSchema } from '../dist/index.js';

writeFileSync(new URL('../costel.schema.json', import.meta.url), `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
