import { afterAll, describe, expect, it } from 'vitest';
import { errorTypeOf } from '../../src/calls/call-error.js';
import { reportTrouble } from '../../src/telemetry/trouble.js';
import { DiagLines } from '../support/diag-lines.js';

const SECRET = 'secret-prompt';
const log = new DiagLines();
afterAll(() => {
  log.stop();
});

class HomeMadeError extends Error {}

describe('trouble inside the instrumentation', () => {
  it('is told by class and place, without a line of its message that looks like a place', () => {
    const error = new HomeMadeError(`cannot read\n    at ${SECRET} (/a/${SECRET}.js:1:2)`);
    error.name = SECRET;
    reportTrouble('content', error);
    expect(log.lines.at(-1)).toMatch(/content: HomeMadeError at .*trouble\.test\.ts:\d+:\d+/);
    expect(log.lines.at(-1)).not.toContain(SECRET);
  });

  it('is told by class alone where the message was changed after the stack was written', () => {
    const error = new HomeMadeError(`at ${SECRET}\n    at ${SECRET} (/a/b.js:1:2)`);
    expect(error.stack).toContain(SECRET);
    error.message = 'changed';
    reportTrouble('job', error);
    expect(log.lines.at(-1)).toContain('job: HomeMadeError;');
  });
});

describe('the type of an error', () => {
  it.each([
    [Object.assign(new Error('x'), { name: 'TimeoutError' }), 'TimeoutError'],
    [Object.assign(new Error('x'), { name: `cannot answer ${SECRET}` }), 'Error'],
    [new DOMException('x', 'AbortError'), 'AbortError'],
    [new HomeMadeError(SECRET), 'HomeMadeError'],
    ['thrown text', '_OTHER'],
  ])('is a name and never a message: %s', (error, type) => {
    expect(errorTypeOf(error)).toBe(type);
  });
});
