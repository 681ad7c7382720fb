import { readFileSync } from 'node:fs';
import { runBudgetTest } from '@costel/aggregator';
import { CliError, EXIT_CODES } from '../exit-codes.js';
import { writeJson } from '../output.js';

/** `costel budget test`: one JSON line a file; true when every file got the alerts that it wants. */
export async function testBudgetFiles(files: readonly string[]): Promise<boolean> {
  let allPassed = true;
  for (const file of files) {
    const result = runBudgetTest(readText(file), file);
    await writeJson({ file, ...result });
    allPassed &&= result.passed;
  }
  return allPassed;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError('input_unreadable', `${file} cannot be read: ${reason}`, {
      exitCode: EXIT_CODES.usage,
      cause: error,
    });
  }
}
