import { parentPort } from 'node:worker_threads';
import { unframeBlocks } from './block-framing.js';
import type { UnframeAnswer, UnframeRequest } from './block-unframer.js';
import { toInterfaceError } from './interface-error.js';

parentPort?.on('message', ({ id, framed, maxBytes }: UnframeRequest) => {
  try {
    const content = unframeBlocks(Buffer.from(framed.buffer, framed.byteOffset, framed.byteLength), maxBytes);
    const answer: UnframeAnswer = { id, content };
    const isWhole = content.byteOffset === 0 && content.byteLength === content.buffer.byteLength;
    parentPort?.postMessage(answer, isWhole && content.buffer instanceof ArrayBuffer ? [content.buffer] : []);
  } catch (error) {
    const { number, type, message, status } = toInterfaceError(error);
    const answer: UnframeAnswer = { id, error: { number, type, message, status } };
    parentPort?.postMessage(answer, []);
  }
});
