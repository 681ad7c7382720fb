import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { RunningCommand, runCommand } from './support/run-cli.js';

const directory = mkdtempSync(join(tmpdir(), 'costel-cli-'));

/** An answer of the chat completions API as its documentation shows it: 1 000 input and 100 output tokens. */
function interaction(id: string): string {
  return JSON.stringify({
    id,
    provider: 'openai',
    api: 'chat.completions',
    request: {
      method: 'POST',
      url: 'https://api.openai.com/v1/chat/completions',
      headers: {},
      body: { model: 'gpt-4o-mini' },
    },
    response: {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body_kind: 'json',
      body: JSON.stringify({
        id: 'chatcmpl-1',
        object: 'chat.completion',
        model: 'gpt-4o-mini-2024-07-18',
        choices: [],
        usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 },
      }),
    },
  });
}

describe('costel price', () => {
  it('prices lines from stdin, and answers a line that is none with an error and exit code 2', async () => {
    const input = `${interaction('a')}\n\nnot json\n${interaction('b')}`;
    const { code, stdout, stderr } = await runCommand(['price', '--at', '2026-11-22'], input);
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(answers.map((answer) => [answer['id'], answer['status'], answer['cost_usd']])).toEqual([
      ['a', 'priced', '0.00021'],
      [undefined, 'invalid_line', null],
      ['b', 'priced', '0.00021'],
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain('not of the format interactions: 1 line;');
  });

  it('reads files that do not end with a line feed one after the other', async () => {
    const files = ['one', 'two'].map((name) => {
      const file = join(directory, `${name}.jsonl`);
      writeFileSync(file, interaction(name));
      return file;
    });
    const { code, stdout } = await runCommand(['price', ...files]);
    expect(code).toBe(0);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id: string }).id),
    ).toEqual(['one', 'two']);
  });

  it('answers the first line before the input has ended', async () => {
    const command = new RunningCommand(['price']);
    command.child.stdin?.write(`${interaction('first')}\n`);
    await command.untilOutput('"first"');
    command.child.stdin?.end();
    expect((await command.ended).code).toBe(0);
  });

  it('ends quietly when its reader has gone', async () => {
    const command = new RunningCommand(['price']);
    command.child.stdout?.destroy();
    command.child.stdin?.end(`${Array.from({ length: 2000 }, (_, index) => interaction(String(index))).join('\n')}\n`);
    const [code] = (await once(command.child, 'exit')) as [number];
    expect({ code, stderr: command.stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('says which file cannot be read', async () => {
    const { code, stderr } = await runCommand(['price', '/nowhere.jsonl']);
    expect(code).toBe(2);
    expect(stderr).toContain('/nowhere.jsonl cannot be read: ENOENT');
  });
});

describe('costel prices list', () => {
  it('lists the price of a date in dollars a token', async () => {
    const { code, stdout } = await runCommand(['prices', 'list', 'openai', 'gpt-4o-mini', '--at', '2026-11-22']);
    expect(code).toBe(0);
    const period = JSON.parse(stdout) as { tiers: { price_usd: Record<string, string> }[] };
    expect(period.tiers[0]?.price_usd['input']).toBe('0.00000015');
  });

  it('fails loudly for a model without a price', async () => {
    const { code, stderr } = await runCommand(['prices', 'list', 'openai', 'no-such-model']);
    expect(code).toBe(1);
    expect(stderr).toContain('openai no-such-model has no price: unknown model');
  });
});

describe('costel forecast', () => {
  it('forecasts a line', async () => {
    const history = Array.from({ length: 60 }, (_, index) => [
      new Date(Date.UTC(2026, 8, 1 + index)).toISOString().slice(0, 10),
      10,
    ]);
    const task = { id: 't', history, dates: ['2026-10-31', '2026-11-01'], rem: 1, spent: 300 };
    const { code, stdout } = await runCommand(['forecast'], `${JSON.stringify(task)}\n`);
    expect(code).toBe(0);
    const answer = JSON.parse(stdout) as { id: string; mean: number[]; month_total: { mean: number } };
    expect(answer.id).toBe('t');
    expect(answer.mean.map(Math.round)).toEqual([10, 10]);
    expect(Math.round(answer.month_total.mean)).toBe(10);
  });

  it('names the file and the line that is no task, counting empty lines', async () => {
    const file = join(directory, 'tasks.jsonl');
    writeFileSync(file, '\n\n{"id": 3}\n');
    const { code, stderr } = await runCommand(['forecast', file]);
    expect(code).toBe(2);
    expect(stderr).toMatch(`costel: ${file}:3: task`);
  });
});

describe('costel config', () => {
  it('names every problem of a file with exit code 2', async () => {
    const file = join(directory, 'bad.yaml');
    writeFileSync(file, 'budgets:\n  - name: search\n    limit_usd: -5\n');
    const { code, stderr, stdout } = await runCommand(['config', 'check', file]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trim()).toBe('budget "search": limit_usd -5 must be > 0 (bad.yaml:3)');
  });

  it('prints the configuration without the secrets in its URLs', async () => {
    const file = join(directory, 'good.yaml');
    writeFileSync(
      file,
      'channels:\n  - { name: ops, type: webhook, url: "https://user:pass@hooks.example.com/${env:HOOK}" }\n',
    );
    const { code, stdout } = await runCommand(['config', 'check', file], '', { env: { HOOK: 'canary' } });
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/canary|pass@/);
    expect(JSON.parse(stdout)).toMatchObject({ channels: [{ name: 'ops', url: 'https://hooks.example.com/…' }] });
  });
});

describe('costel budget test', () => {
  it('has exit code 3 when other alerts fire than are expected', async () => {
    const file = join(directory, 'budgets.yaml');
    writeFileSync(
      file,
      'budgets: [{ name: all, limit_usd: 1, thresholds: [100] }]\nspend: [{ at: 2026-11-22T10:00:00Z, usd: 2 }]\nalerts: []\n',
    );
    const { code, stdout } = await runCommand(['budget', 'test', file]);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      passed: false,
      unexpected: ['2026-11-22T10:00:00.000Z budget "all" 100 %'],
    });
  });
});

describe('the command line', () => {
  it('says who complains, of wrong flags as of everything else', async () => {
    expect((await runCommand(['costs', '--bi', 'model'])).stderr).toBe(
      "costel: unknown option '--bi'\n(Did you mean --by?)\n",
    );
  });

  it.each([
    [['nothing'], 2],
    [['price', '--at', 'yesterday'], 2],
    [['up', '--port', '99999'], 2],
    [['--help'], 0],
    [['price', '--help'], 0],
    [['up', '--help'], 0],
    [['--version'], 0],
  ])('%j ends with %i', async (args, expected) => {
    const { code } = await runCommand(args);
    expect(code).toBe(expected);
  });

  it.each([
    ['up', 'Run the embedded stack'],
    ['aggregator', 'Run the service, page and API on a ClickHouse server. Needs CLICKHOUSE_URL'],
    ['budget test', 'does a budget do what is meant? Reads files'],
  ])('%s --help begins with what the command does', async (command, sentence) => {
    const { stdout } = await runCommand([...command.split(' '), '--help']);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(sentence);
  });

  it('says that a command is unknown where its help is asked for, and shows no other help', async () => {
    const { code, stdout, stderr } = await runCommand(['cots', '--help']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain("unknown command 'cots'");
    expect(stderr).toContain('Did you mean costs?');
  });

  it('asks for the server before it looks at the port of its API', async () => {
    const { code, stderr } = await runCommand(['aggregator'], '', { env: { CLICKHOUSE_URL: '' } });
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('set CLICKHOUSE_URL to') });
  });

  it('exports nothing of a range that ends before it begins, and says so', async () => {
    const { code, stdout, stderr } = await runCommand([
      'export',
      'calls',
      '--from',
      '2026-11-23',
      '--to',
      '2026-11-22',
    ]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('--from 2026-11-23T00:00:00.000Z must be before --to 2026-11-22T00:00:00.000Z');
  });

  it('lists its exit codes', async () => {
    const { stdout } = await runCommand(['--help']);
    expect(stdout).toContain(
      'Exit codes: 0 done · 1 failed · 2 wrong flags, configuration or input · 3 ran, and found something',
    );
  });
});
