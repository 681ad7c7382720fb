import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Where `--help` or `-h` was given, prints the comment that the script begins with, which is its documentation, and ends
 * the process with 0.
 * @param {string} scriptUrl `import.meta.url` of the script.
 */
export function printHelp(scriptUrl) {
  if (!process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) return;
  const lines = readFileSync(fileURLToPath(scriptUrl), 'utf8').split('\n');
  const end = lines.findIndex((line) => !line.startsWith('//'));
  const help = lines.slice(0, end).map((line) => line.replace(/^\/\/ ?/, ''));
  process.stdout.write(`${help.join('\n')}\n`);
  process.exit(0);
}
