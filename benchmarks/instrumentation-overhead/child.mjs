import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));

/** Variables that would change what is measured, or that belong to whoever started this. */
const UNWANTED = /^(OTEL_|OPENAI_|TRACELOOP_|COSTEL_|NODE_OPTIONS$|NODE_V8_COVERAGE$|VITEST)/;

/** @typedef {{ nodePath: string, cpuProfileFolder?: string | undefined }} ChildOptions */

/**
 * One variant in a process of its own; one question at a time.
 */
export class Child {
  #process;
  /** @type {{ resolve: (answer: any) => void, reject: (error: Error) => void } | undefined} */
  #waiting;
  /** @type {Error | undefined} */
  #failure;

  /** @param {string} variantName @param {ChildOptions} options @param {string[]} [args] */
  constructor(variantName, { nodePath, cpuProfileFolder }, args = []) {
    const profiling =
      cpuProfileFolder === undefined
        ? []
        : [
            '--cpu-prof',
            `--cpu-prof-dir=${cpuProfileFolder}`,
            `--cpu-prof-name=${variantName}.${Date.now()}.cpuprofile`,
          ];
    this.#process = fork(WORKER, [variantName, ...args], {
      execPath: nodePath,
      execArgv: ['--expose-gc', ...profiling],
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !UNWANTED.test(name))),
    });
    this.#process.on('message', ({ answer, error }) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (error === undefined) waiting?.resolve(answer);
      else waiting?.reject(new Error(`${variantName}: ${error}`));
    });
    const end = (/** @type {string} */ how) => {
      this.#failure = new Error(`the process of "${variantName}" ${how}`);
      this.#waiting?.reject(this.#failure);
    };
    this.#process.on('error', (error) => end(`could not be started: ${error.message}`));
    this.#process.on('exit', (code, signal) => end(`ended (${signal ?? `exit code ${code}`})`));
  }

  /** What the process sends next. @returns {Promise<any>} */
  answer() {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure);
      else this.#waiting = { resolve, reject };
    });
  }

  /** @param {object} question @returns {Promise<any>} */
  ask(question) {
    const answer = this.answer();
    if (this.#failure === undefined) this.#process.send(question);
    return answer;
  }

  /** Ends the process and waits until it is gone, and its profile written. */
  async end() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    if (this.#process.connected) this.#process.disconnect();
    await gone;
  }
}
