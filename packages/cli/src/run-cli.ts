import { Command, CommanderError } from 'commander';
import { addCommands } from './commands/index.js';
import { CliError, EXIT_CODES } from './exit-codes.js';
import { exitQuietlyOnClosedPipe, say } from './output.js';

const EXIT_HELP = `
Exit codes: 0 done · 1 failed · 2 wrong flags, configuration or input · 3 ran, and found something that needs attention
Data goes to stdout, everything else to stderr. "costel COMMAND --help" says more.`;

/**
 * Runs one command line, e.g. `['price', '--at', '2026-11-22']`, and gives its exit code. Errors are written to stderr,
 * never thrown.
 */
export async function runCli(args: readonly string[]): Promise<number> {
  exitQuietlyOnClosedPipe();
  let exitCode: number = EXIT_CODES.ok;
  const program = new Command('costel')
    .description('Knows what LLM calls cost while the money is being spent.')
    .version('0.1.0')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'costel: ')) })
    .addHelpText('after', EXIT_HELP);
  addCommands(program, (code) => {
    exitCode = code;
  });
  beginWithSummary(program);
  try {
    await program.parseAsync(withoutHelpOfNothing(program, args), { from: 'user' });
    return exitCode;
  } catch (error) {
    return reportError(error);
  }
}

/** Arguments as given; of an unknown command its name alone, so that `costel cots --help` says so and shows no other help. */
function withoutHelpOfNothing(program: Command, args: readonly string[]): string[] {
  const [name] = args;
  const isKnown = name === undefined || name.startsWith('-') || name === 'help';
  return isKnown || program.commands.some((command) => command.name() === name) ? [...args] : [name];
}

/** A command's own help begins with the sentence that the list of commands has of it. */
function beginWithSummary(program: Command): void {
  for (const command of program.commands) {
    const summary = command.summary();
    const sentence = summary.charAt(0).toUpperCase() + summary.slice(1) + (summary.endsWith('?') ? '' : '.');
    if (summary !== '') command.description(`${sentence} ${command.description()}`.trim());
    beginWithSummary(command);
  }
}

function reportError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage;
  if (error instanceof CliError) {
    say(`costel: ${error.message}`);
    return error.exitCode;
  }
  if (error instanceof Error && error.name === 'ConfigError') {
    say(error.message);
    return EXIT_CODES.usage;
  }
  // The packages' own errors say value, limit and fix in their message; where they arose helps nobody.
  if (error instanceof Error && 'retryable' in error && 'code' in error) {
    say(`costel: ${error.message} (${String(error.code)})`);
    return EXIT_CODES.failed;
  }
  say(`costel: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return EXIT_CODES.failed;
}
