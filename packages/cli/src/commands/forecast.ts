import { forecastTask } from '@costel/forecast';
import { CliError, EXIT_CODES } from '../exit-codes.js';
import { inputsOf, readLines } from '../input.js';
import { createProgress, sayIfInputIsTerminal, writeJson } from '../output.js';

/** `costel forecast`: one forecast for each JSON line. */
export async function forecastLines(files: readonly string[]): Promise<void> {
  sayIfInputIsTerminal(files);
  const progress = createProgress('forecasts');
  for (const file of inputsOf(files)) {
    let lineNumber = 0;
    for await (const line of readLines(file)) {
      lineNumber += 1;
      if (line.trim() === '') continue;
      await writeJson(forecastOf(line, `${file === '-' ? 'stdin' : file}:${lineNumber}`));
      progress.step();
    }
  }
  progress.done();
}

/** @param place File and number of the line, e.g. `tasks.jsonl:3`. */
function forecastOf(line: string, place: string): object {
  try {
    return forecastTask(line);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError('input_invalid', `${place}: ${reason}`, { exitCode: EXIT_CODES.usage, cause: error });
  }
}
