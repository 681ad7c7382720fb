import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { frameBlocks, unframeBlocks } from '../../../packages/store/src/interface/block-framing.js';
import { lz4FrameBlock, lz4FrameEnd, lz4FrameHead } from '../../../packages/store/src/interface/lz4-encoder.js';
import { openInterface, type InterfaceFixture } from '../../../packages/store/test/interface/interface-fixture.js';
import { post, type Answer } from '../support/post.js';
import { startServer, type RunningServer } from '../support/start-server.mjs';

/** ClickHouse's own HTTP interface and ours, asked the same. */
describe('the embedded interface beside ClickHouse’s own', () => {
  let server: RunningServer;
  let fixture: InterfaceFixture;

  beforeAll(async () => {
    [server, fixture] = [await startServer(), await openInterface()];
  });

  afterAll(async () => {
    await fixture.close();
    await server.stop();
  });

  async function askServer(
    query: Readonly<Record<string, string>>,
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const login = { 'X-ClickHouse-User': server.user, 'X-ClickHouse-Key': server.password };
    return post(`${server.url}/?${new URLSearchParams(query).toString()}`, body, { ...headers, ...login });
  }

  it.each([
    ['rows', "SELECT number, concat('feature ', toString(number % 7)) FROM numbers(300000)"],
    ['an empty answer', 'SELECT number FROM numbers(0)'],
    ['what cannot be packed', 'SELECT base64Encode(SHA512(toString(number))) FROM numbers(20000) FORMAT RawBLOB'],
    ['an error', 'SELECT * FROM nowhere_at_all'],
  ])('answers %s under compress=1 in lz4 blocks', async (_what, sql) => {
    const theirs = await askServer({ compress: '1' }, sql);
    const ours = await post(`${fixture.url}/?compress=1`, sql, {});
    const method = (answer: Answer): number => (answer.body.length === 0 ? 0 : answer.body.readUInt8(16));
    expect([ours.status, method(ours)]).toEqual([theirs.status, method(theirs)]);
    const [theirText, ourText] = [theirs, ours].map(({ body }) => unframeBlocks(body, 100_000_000).toString('utf8'));
    if (theirs.status === 200) expect(ourText).toBe(theirText);
    else expect(ourText?.slice(0, 9)).toBe(theirText?.slice(0, 9));
  });

  it.each(['gzip', 'deflate', 'br', 'lz4', 'identity'])(
    'answers whoever accepts %s alone packed alike',
    async (accepted) => {
      const sql = 'SELECT number FROM numbers(1000)';
      const headers = { 'Accept-Encoding': accepted };
      const theirs = await askServer({ enable_http_compression: '1' }, sql, headers);
      const ours = await post(`${fixture.url}/?enable_http_compression=1`, sql, headers);
      expect(ours.headers['content-encoding']).toBe(theirs.headers['content-encoding']);
    },
  );

  it('packs blocks and frames of lz4 that ClickHouse reads, checksums included', async () => {
    const content = Buffer.from(`SELECT '${'a call of a feature; '.repeat(3000)}${'x'.repeat(70)}' FORMAT RawBLOB`);
    const wanted = content.subarray("SELECT '".length, content.length - "' FORMAT RawBLOB".length).toString();
    const framed = await askServer({ decompress: '1' }, frameBlocks(content));
    expect(framed.body.toString()).toBe(wanted);
    const frame = Buffer.concat([lz4FrameHead(), lz4FrameBlock(content), lz4FrameEnd()]);
    const unpacked = await askServer({}, frame, { 'Content-Encoding': 'lz4' });
    expect(unpacked.body.toString()).toBe(wanted);
  });

  it('answers in an lz4 frame that ClickHouse reads back', async () => {
    const sql = "SELECT number, concat('feature ', toString(number % 7)) FROM numbers(150000)";
    const { body } = await post(`${fixture.url}/?enable_http_compression=1`, sql, { 'Accept-Encoding': 'lz4' });
    const plain = await post(fixture.url, sql, {});
    expect(body.length).toBeLessThan(plain.body.length / 2);
    await askServer({}, 'CREATE TABLE IF NOT EXISTS frames (a UInt64, s String) ENGINE = Memory');
    const inserted = await askServer({ query: 'INSERT INTO frames FORMAT TSV' }, body, { 'Content-Encoding': 'lz4' });
    expect(inserted.status).toBe(200);
    expect((await askServer({}, 'SELECT a, s FROM frames')).body.equals(plain.body)).toBe(true);
  });
});
