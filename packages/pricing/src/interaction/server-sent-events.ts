/**
 * The JSON events of a server-sent event stream, in order. Comments, event names, `[DONE]` and data that is no JSON are
 * left out. Data may be spread over several `data:` lines; streams whose blank lines were lost are read too.
 */
export function parseServerSentEvents(text: string): unknown[] {
  const events: unknown[] = [];
  let pending = '';
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line === '') pending = '';
    if (!line.startsWith('data:')) continue;
    const data = line.slice(line.startsWith('data: ') ? 6 : 5);
    const event = parseJson(pending === '' ? data : `${pending}\n${data}`);
    if (event === undefined) {
      pending = pending === '' ? data : `${pending}\n${data}`;
    } else {
      pending = '';
      events.push(event);
    }
  }
  return events;
}

/** The value of a JSON text, or undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
