import { describe, expect, it } from 'vitest';
import { parseServerSentEvents } from '../../src/interaction/server-sent-events.js';

describe('a server-sent event stream', () => {
  it.each([
    [
      'events with names and a final [DONE]',
      'event: a\ndata: {"x":1}\n\nevent: b\ndata: {"x":2}\n\ndata: [DONE]\n\n',
      [{ x: 1 }, { x: 2 }],
    ],
    ['carriage returns', 'data: {"x":1}\r\n\r\ndata: {"x":2}\r\n\r\n', [{ x: 1 }, { x: 2 }]],
    ['no space after the colon', 'data:{"x":1}\n\n', [{ x: 1 }]],
    ['data over several lines', 'data: {"x":\ndata: 1}\n\n', [{ x: 1 }]],
    ['lost blank lines', 'data: {"x":1}\ndata: {"x":2}\n', [{ x: 1 }, { x: 2 }]],
    ['comments and other fields', ': ping\nid: 7\nretry: 10\ndata: {"x":1}\n\n', [{ x: 1 }]],
    ['a broken event between good ones', 'data: {"x":1}\n\ndata: {"x":\n\ndata: {"x":3}\n\n', [{ x: 1 }, { x: 3 }]],
    ['no end', 'data: {"x":1}', [{ x: 1 }]],
    ['nothing', '', []],
  ])('with %s is read', (_case, text, expected) => {
    expect(parseServerSentEvents(text)).toEqual(expected);
  });
});
