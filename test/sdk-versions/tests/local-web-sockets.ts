import { createRequire, Module } from 'node:module';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { copyFolder } from './load-sdk.js';

interface ServerSocket {
  send(text: string): void;
  close(code?: number): void;
  on(event: 'message', listener: (data: Buffer) => void): void;
}

interface WsModule {
  readonly WebSocket: new (url: string | URL, ...options: unknown[]) => { readonly readyState: number };
  readonly WebSocketServer: new (options: { host: string; port: number }) => {
    on(event: 'connection', listener: (socket: ServerSocket) => void): void;
    on(event: 'listening', listener: () => void): void;
    address(): AddressInfo;
    close(done: () => void): void;
    readonly clients: Iterable<{ terminate(): void }>;
  };
}

const ws = createRequire(`${copyFolder('.')}package.json`)('ws') as WsModule;

/** The SDK only opens encrypted sockets; the server of these tests speaks plainly. */
class LocalWebSocket extends ws.WebSocket {
  constructor(url: string | URL, ...options: unknown[]) {
    super(String(url).replace(/^wss:/, 'ws:'), ...options);
  }
}

/** Stands in for the package `ws`, which is an optional peer of the SDK and not installed beside every copy. */
const STAND_IN = fileURLToPath(new URL('ws-stand-in.cjs', import.meta.url));

interface Resolver {
  _resolveFilename: (this: unknown, request: string, ...rest: unknown[]) => string;
}

/** Lets every `require('ws')` and the global `WebSocket` of the SDK reach local servers, until `undo`. */
export function useLocalWebSockets(): { undo(): void } {
  const resolver = Module as unknown as Resolver;
  const resolveFilename = resolver._resolveFilename;
  resolver._resolveFilename = function (request, ...rest) {
    return request === 'ws' ? STAND_IN : resolveFilename.call(this, request, ...rest);
  };
  const { cache } = createRequire(import.meta.url);
  const standIn = new Module(STAND_IN);
  standIn.exports = { ...ws, WebSocket: LocalWebSocket };
  standIn.loaded = true;
  cache[STAND_IN] = standIn;
  const before = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
  Object.defineProperty(globalThis, 'WebSocket', { value: LocalWebSocket, configurable: true, writable: true });
  return {
    undo() {
      resolver._resolveFilename = resolveFilename;
      Reflect.deleteProperty(cache, STAND_IN);
      if (before === undefined) Reflect.deleteProperty(globalThis, 'WebSocket');
      else Object.defineProperty(globalThis, 'WebSocket', before);
    },
  };
}

/** What a provider says when a message of that type reaches it, and when a client connects. */
export type Script = Readonly<Record<string, readonly (object | 'hang up')[]>>;

/** A provider at the other end of a web socket: answers each type of message as its script says. */
export class SocketServer {
  readonly received: Record<string, unknown>[] = [];
  #script: Script = {};
  readonly #server = new ws.WebSocketServer({ host: '127.0.0.1', port: 0 });
  readonly #listening = new Promise<void>((resolve) => {
    this.#server.on('listening', resolve);
  });

  async start(): Promise<void> {
    await this.#listening;
    this.#server.on('connection', (socket) => {
      const say = (type: string): void => {
        for (const message of this.#script[type] ?? []) {
          if (message === 'hang up') socket.close(1001);
          else socket.send(JSON.stringify(message));
        }
      };
      socket.on('message', (data) => {
        const message = JSON.parse(data.toString()) as Record<string, unknown>;
        this.received.push(message);
        // Google's messages are told by their only field.
        const { type } = message;
        say(typeof type === 'string' ? type : (Object.keys(message)[0] ?? ''));
      });
      say('connected');
    });
  }

  /** The next connections are answered so. */
  follows(script: Script): void {
    this.#script = script;
    this.received.length = 0;
  }

  get host(): string {
    return `127.0.0.1:${this.#server.address().port}`;
  }

  async stop(): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    await new Promise<void>((resolve) => {
      this.#server.close(resolve);
    });
  }
}
