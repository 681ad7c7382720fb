import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { untilDayLasts } from '../support/day.js';
import { sendCalls, startStack, waitFor, type RunningStack } from '../support/stack.js';

const screenshots = resolve(import.meta.dirname, '../../.cache/screenshots');

describe('the page', () => {
  let stack: RunningStack;
  let browser: Browser;
  const problems: string[] = [];

  beforeAll(async () => {
    // What the page shows of today is asked for again and again.
    await untilDayLasts(120_000);
    mkdirSync(screenshots, { recursive: true });
    const config = join(tmpdir(), `costel-page-${process.pid}.yaml`);
    writeFileSync(config, 'budgets: [{ name: search budget, scope: { feature: search }, limit_usd: 0.004 }]\n');
    stack = await startStack({ config });
    browser = await chromium.launch({
      executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--disable-background-networking',
        '--no-first-run',
      ],
    });
    await expectGuidance(browser, stack.url);
    // 1 000 × $2.50/M + 100 × $10/M = $0.0035 a call; gpt-4o-mini: 1 000 × $0.15/M + 100 × $0.60/M = $0.00021.
    await sendCalls(stack.otlpUrl, [
      { model: 'gpt-4o', inputTokens: 1000, outputTokens: 100, feature: 'search', user: 'ada', durationMs: 1200 },
      { model: 'gpt-4o-mini', inputTokens: 1000, outputTokens: 100, feature: 'chat', user: 'grace', durationMs: 80 },
      { model: 'model-that-nobody-knows', inputTokens: 10, outputTokens: 10, feature: 'chat', user: 'grace' },
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  });

  async function open(options: { width: number; height: number; colorScheme: 'light' | 'dark' }): Promise<Page> {
    const { colorScheme, ...viewport } = options;
    const page = await browser.newPage({ viewport, colorScheme });
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    page.on(
      'request',
      (request) => new URL(request.url()).origin !== stack.url && problems.push(`asks ${request.url()}`),
    );
    await page.goto(stack.url);
    await waitFor(
      async () => (await page.locator('#total-today').getAttribute('data-usd')) === '0.00371',
      'the total of the three calls',
    );
    return page;
  }

  it.each([
    { name: 'desktop in light', width: 1280, height: 900, colorScheme: 'light' as const },
    { name: 'desktop in dark', width: 1280, height: 900, colorScheme: 'dark' as const },
    { name: 'phone in dark', width: 390, height: 844, colorScheme: 'dark' as const },
  ])('shows totals, charts, rankings, latency and the unpriced model on a $name', async ({ name, ...options }) => {
    const page = await open(options);
    await waitFor(async () => (await page.locator('.legend li').count()) >= 4, 'the charts by model and by feature');
    await waitFor(async () => (await page.locator('[aria-busy="true"]').count()) === 0, 'every card to be loaded');
    await waitFor(async () => (await page.locator('.state.firing').count()) >= 2, 'the alerts of the budget');
    // Each card is renewed in its own time, and knows prices that were resolved since only then.
    const text = async () => (await page.locator('main').innerText()).replaceAll(/\s+/g, ' ');
    for (const wanted of ['gpt-4o', 'search', 'ada', 'p95', '33.3 %', 'model-that-nobody-knows unpriced', 'Forecast'])
      await waitFor(async () => (await text()).includes(wanted), `the page to show "${wanted}"`);
    expect(await page.locator('p.error').count()).toBe(0);
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect(overflow).toBe(0);
    expect(await overlaps(page)).toEqual([]);
    await page.screenshot({ path: join(screenshots, `${name.replaceAll(' ', '-')}.png`), fullPage: true });
    await page.close();
  });

  it('shows a new call without a reload', async () => {
    const page = await open({ width: 1280, height: 900, colorScheme: 'light' });
    await sendCalls(stack.otlpUrl, [{ model: 'gpt-4o', inputTokens: 1000, outputTokens: 100 }]);
    await waitFor(
      async () => (await page.locator('#total-today').getAttribute('data-usd')) === '0.00721',
      'the new total',
    );
    await page.close();
  });

  it('says that its figures are old when the server is gone, and keeps them', async () => {
    const page = await openQuietly(browser, stack.url);
    const before = await page.locator('#total-today').getAttribute('data-usd');
    await page.route('**/api/v1/**', (route) => route.abort());
    await waitFor(async () => (await page.locator('p.error').count()) > 0, 'the notice');
    expect(await page.locator('#total-today').getAttribute('data-usd')).toBe(before);
    await page.close();
  });

  it('asks nobody but its own server and logs no error', () => {
    expect(problems).toEqual([]);
  });
});

/** While there are no calls the page says how to send some, and shows nothing that looks like a figure of them. */
async function expectGuidance(browser: Browser, url: string): Promise<void> {
  const page = await browser.newPage();
  await page.goto(url);
  await page.getByText('Waiting for the first call').waitFor();
  await page.screenshot({ path: join(screenshots, 'empty.png'), fullPage: true });
  await page.close();
}

/** Titles that the choice beside them covers. */
async function overlaps(page: Page): Promise<string[]> {
  return page.locator('.card-head').evaluateAll((heads) =>
    heads.flatMap((head) => {
      const [title, choice] = [...head.children].map((child) => child.getBoundingClientRect());
      if (!title || !choice) return [];
      const isApart = choice.left >= title.right || choice.top >= title.bottom;
      return isApart ? [] : [head.textContent ?? ''];
    }),
  );
}

async function openQuietly(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(url);
  await page.locator('#total-today').waitFor();
  return page;
}
