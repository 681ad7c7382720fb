/** Values of the first query of clickhouse-go on a connection. */
export interface HelloValues {
  readonly displayName: string;
  readonly version: string;
  readonly timezone: string;
}

/** The statement, as the engine's formatter writes it. */
export const HELLO_STATEMENT = 'SELECT displayName(), version(), revision(), timezone()';

/**
 * The answer to clickhouse-go's hello query in the Native format of protocol 54460: block info, then per column name,
 * type, a zero byte (no custom serialization) and the value. It reports revision 0, so that the client reads every
 * later block as the plain Native that the engine writes.
 */
export function encodeHelloBlock({ displayName, version, timezone }: HelloValues): Buffer {
  const COLUMNS = 4;
  const ROWS = 1;
  const bucketNumber = Buffer.alloc(4);
  bucketNumber.writeInt32LE(-1);
  const info = [Buffer.from([1, 0, 2]), bucketNumber, Buffer.from([0])];
  const stringColumn = (name: string, value: string): Buffer[] => [
    text(name),
    text('String'),
    Buffer.from([0]),
    text(value),
  ];
  const revision = [text('revision()'), text('UInt32'), Buffer.from([0]), Buffer.alloc(4)];
  return Buffer.concat([
    ...info,
    Buffer.from([COLUMNS, ROWS]),
    ...stringColumn('displayName()', displayName),
    ...stringColumn('version()', version),
    ...revision,
    ...stringColumn('timezone()', timezone),
  ]);
}

/** Length as a variable-length integer, then UTF-8. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  const length: number[] = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    if (rest < 128) {
      length.push(rest);
      return Buffer.concat([Buffer.from(length), bytes]);
    }
    length.push((rest & 127) | 128);
  }
}
