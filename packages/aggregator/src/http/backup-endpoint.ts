import type { Handler } from 'hono';
import { requireToken } from './admin.js';

/** Writes a backup of the embedded store beside its data and says where; see `costel backup`. */
export type BackUp = () => Promise<{ readonly directory: string; readonly tables: number; readonly bytes: number }>;

/** `POST /api/v1/backup`: the directory is chosen here, so the token does not let its bearer write anywhere. */
export function backupHandler(token: string, backUp: BackUp): Handler {
  return async (context) => {
    requireToken(context.req.header('authorization'), token);
    return context.json(await backUp());
  };
}
