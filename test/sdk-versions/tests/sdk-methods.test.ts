import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadSdk } from './load-sdk.js';
import { methodsOf, SDK_METHODS, type SdkMethods } from './support/sdk-methods.js';

const PAGE = fileURLToPath(new URL('../../../docs/sdk-methods.md', import.meta.url));

function rows({ title, covered, through, uncounted }: SdkMethods): string {
  const list = (paths: readonly string[]): string =>
    [...paths]
      .sort()
      .map((path) => `\`${path}\``)
      .join(', ') || '–';
  const reasons = Object.entries(uncounted).map(([path, why]) => `| \`${path}\` | ${why} |`);
  return [
    `## ${title}`,
    '',
    `Counted: ${list(covered)}.`,
    '',
    `Counted through these: ${list(through)}.`,
    '',
    '| not counted, or not there | why |',
    '| --- | --- |',
    ...reasons,
    '',
  ].join('\n');
}

const INTRODUCTION = `# Methods of the SDKs that spend money

Every public method of the clients below is in one of three lists: a span of its own, through a method that is, or not counted (with the reason). All others call no model. A test walks the real clients and fails where a method is in no list, so that a new version's methods are looked at; this page is written by it (\`npm run test:sdks -- sdk-methods -u\`).

Of \`@aws-sdk/client-bedrock-runtime\` are counted \`ConverseCommand\`, \`ConverseStreamCommand\`, \`InvokeModelCommand\`, \`InvokeModelWithResponseStreamCommand\`, \`InvokeModelWithBidirectionalStreamCommand\`, \`StartAsyncInvokeCommand\` (and \`GetAsyncInvokeCommand\`, which sees its end); not \`ApplyGuardrailCommand\` and \`InvokeGuardrailChecksCommand\`, which are billed by units of text that their answers count and no price list here has. Of sockets: \`openai/realtime/*\`, \`openai/beta/realtime/*\`, \`ResponsesWS\`, \`live.connect\`; not WebRTC: its sound and events go between the browser and the provider, and all that passes through Node is the secret that lets the browser in (\`realtime.clientSecrets.create\`, which costs nothing). A server that joins such a session by a socket of its own (\`OpenAIRealtimeWS\` with its call's id) sees its answers, and they are counted there; else the browser can send the \`response.done\` events that it gets to the server, which reports them by \`recordCost\`. Agents of Bedrock (\`InvokeAgentCommand\`, \`InvokeInlineAgentCommand\`) are another SDK's, \`@aws-sdk/client-bedrock-agent-runtime\`, which is not patched: what their models used is told only by trace events that a request has to ask for (\`enableTrace\`), so every other call would count as nothing; of such an event (\`modelInvocationOutput.metadata.usage\`) \`priceCall\` of \`@costel/pricing\` knows the price, and \`recordCost\` reports it; those of Mistral are counted (\`agents\`, \`beta.conversations\`). Frameworks: see the package's README.

`;

describe.each(SDK_METHODS)('the methods of $title', (sdk) => {
  const methods = methodsOf(sdk.clientOf(loadSdk(sdk.copy, sdk.moduleName) as never));
  const listed = [...sdk.covered, ...sdk.through, ...Object.keys(sdk.uncounted)];

  it('are each counted, counted through another, left out for a reason, or known to spend nothing', () => {
    const unknown = methods.filter((path) => !listed.includes(path) && !sdk.free.some((pattern) => pattern.test(path)));
    expect(unknown).toEqual([]);
  });

  it('that are listed exist, and are listed once', () => {
    expect(listed.filter((path) => !methods.includes(path))).toEqual([]);
    expect(new Set(listed).size).toBe(listed.length);
  });
});

it('the page says what these lists say', async () => {
  await expect(INTRODUCTION + SDK_METHODS.map(rows).join('\n')).toMatchFileSnapshot(PAGE);
});
