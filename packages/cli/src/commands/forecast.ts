import { forecastTask } from '@costel/forecast';
import { CliError, EXIT_CODES } from '../exit-codes.js';
import { readLines } from '../input.js';
import { createProgress, sayIfInputIsTerminal, writeJson } from '../output.js';

/** `costel forecast`: one forecast for each JSON line. */
export async function forecastLines(files: readonly string[]): Promise<void> {
  sayIfInputIsTerminal(files);
  const progress = createProgress('forecasts');
  let lineNumber = 0;
  for await (const line of readLines(files)) {
    lineNumber += 1;
    await writeJson(forecastOf(line, lineNumber));
    progress.step();
  }
  progress.done();
}

function forecastOf(line: string, lineNumber: number): object {
  try {
    return forecastTask(line);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError('input_invalid', `line ${lineNumber}: ${reason}`, { exitCode: EXIT_CODES.usage, cause: error });
  }
}
