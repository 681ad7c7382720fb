import { z } from 'zod';
import { DIMENSION_NAMES, TAG_DIMENSION } from '../dimensions.js';

/** The name of a dimension in a file. */
export const dimensionSchema = z.union([z.enum(DIMENSION_NAMES), z.string().regex(TAG_DIMENSION)], {
  error: `must be one of ${DIMENSION_NAMES.join(', ')} or tag.NAME`,
});
