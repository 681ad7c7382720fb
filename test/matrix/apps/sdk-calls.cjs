// What an application does with each SDK: an answer and a stream. Given the module (or what `load` gives of several).

/** @param {any} stream */
async function drain(stream) {
  for await (const piece of stream) if (piece === null) throw new Error('no piece');
}

const messages = [{ role: 'user', content: 'Say hello.' }];

/** @param {any} completions @param {object} ask */
async function chatWith(completions, ask) {
  await completions.create(ask);
  await drain(await completions.create({ ...ask, stream: true, stream_options: { include_usage: true } }));
}

/** An SDK's name, the modules that an application loads of it, and its calls. */
const SDK_CALLS = [
  {
    modules: ['openai'],
    /** @param {string} url */
    use: ({ OpenAI }, url) =>
      chatWith(new OpenAI({ apiKey: 'k', baseURL: `${url}/v1` }).chat.completions, { model: 'gpt-4o-mini', messages }),
  },
  {
    modules: ['@anthropic-ai/sdk'],
    use: ({ Anthropic }, url) =>
      chatWith(new Anthropic({ apiKey: 'k', baseURL: url }).messages, {
        model: 'claude-haiku-4-5',
        max_tokens: 100,
        messages,
      }),
  },
  {
    modules: ['groq-sdk'],
    use: ({ Groq }, url) =>
      chatWith(new Groq({ apiKey: 'k', baseURL: url }).chat.completions, {
        model: 'llama-3.3-70b-versatile',
        messages,
      }),
  },
  {
    modules: ['together-ai'],
    use: ({ Together }, url) =>
      chatWith(new Together({ apiKey: 'k', baseURL: `${url}/together` }).chat.completions, {
        model: 'meta-llama/Llama-3.3-70B-Instruct-Turbo',
        messages,
      }),
  },
  {
    modules: ['@google/genai'],
    use: async ({ GoogleGenAI }, url) => {
      const { models } = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: url } });
      const ask = { model: 'gemini-2.5-flash', contents: 'Say hello.' };
      await models.generateContent(ask);
      await drain(await models.generateContentStream(ask));
    },
  },
  {
    modules: ['@aws-sdk/client-bedrock-runtime'],
    use: async ({ BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand }, url) => {
      const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
      const client = new BedrockRuntimeClient({ region: 'us-west-2', endpoint: url, credentials });
      const ask = {
        modelId: 'us.amazon.nova-lite-v1:0',
        messages: [{ role: 'user', content: [{ text: 'Say hello.' }] }],
      };
      await client.send(new ConverseCommand(ask));
      await drain((await client.send(new ConverseStreamCommand(ask))).stream);
      client.destroy();
    },
  },
  {
    modules: ['@mistralai/mistralai'],
    use: async ({ Mistral }, url) => {
      const { chat } = new Mistral({ apiKey: 'k', serverURL: `${url}/mistral` });
      const ask = { model: 'mistral-small-latest', messages };
      await chat.complete(ask);
      await drain(await chat.stream(ask));
    },
  },
  {
    modules: ['cohere-ai'],
    use: async ({ CohereClientV2 }, url) => {
      const client = new CohereClientV2({ token: 'k', environment: `${url}/cohere` });
      const ask = { model: 'command-r-plus-08-2024', messages };
      await client.chat(ask);
      await drain(await client.chatStream(ask));
    },
  },
  {
    modules: ['ollama'],
    use: async ({ Ollama }, url) => {
      const client = new Ollama({ host: url });
      await client.chat({ model: 'llama3.2', messages });
      await drain(await client.chat({ model: 'llama3.2', messages, stream: true }));
    },
  },
  {
    modules: ['ai', '@ai-sdk/openai'],
    use: async ({ generateText, streamText, createOpenAI }, url) => {
      const model = createOpenAI({ apiKey: 'k', baseURL: `${url}/ai` }).chat('gpt-4.1-nano');
      await generateText({ model, prompt: 'Say hello.' });
      await streamText({ model, prompt: 'Say hello.' }).consumeStream();
    },
  },
  {
    modules: ['@langchain/core/language_models/chat_models', '@langchain/core/messages', '@langchain/core/outputs'],
    use: async ({ BaseChatModel, AIMessage, AIMessageChunk, ChatGenerationChunk }) => {
      const usage = { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 };
      class ChatHome extends BaseChatModel {
        model = 'codestral-2508';
        _llmType() {
          return 'home';
        }
        getLsParams() {
          return { ls_provider: 'mistral', ls_model_name: this.model, ls_model_type: 'chat' };
        }
        async _generate() {
          const message = new AIMessage({ content: 'Hello.', usage_metadata: usage });
          return { generations: [{ text: 'Hello.', message }] };
        }
        async *_streamResponseChunks() {
          const message = new AIMessageChunk({ content: 'Hello.', usage_metadata: usage });
          yield new ChatGenerationChunk({ text: 'Hello.', message });
        }
      }
      await new ChatHome({}).invoke('Say hello.');
      await drain(await new ChatHome({}).stream('Say hello.'));
    },
  },
  {
    modules: [
      '@modelcontextprotocol/sdk/client/index.js',
      '@modelcontextprotocol/sdk/server/mcp.js',
      '@modelcontextprotocol/sdk/inMemory.js',
    ],
    use: async ({ Client, McpServer, InMemoryTransport }) => {
      const server = new McpServer({ name: 'tools', version: '1' });
      server.tool('weather', () => ({ content: [{ type: 'text', text: 'sun' }] }));
      const [near, far] = InMemoryTransport.createLinkedPair();
      const client = new Client({ name: 'app', version: '1' });
      await Promise.all([server.connect(far), client.connect(near)]);
      await client.callTool({ name: 'weather' });
      await client.close();
    },
  },
];

/**
 * Uses every SDK; one that fails is told, and the others go on.
 * @param {(module: string) => any} load
 */
exports.useEverySdk = async (load) => {
  // Vercel's SDK would tell of what it warns.
  Reflect.set(globalThis, 'AI_SDK_LOG_WARNINGS', false);
  for (const { modules, use } of SDK_CALLS) {
    try {
      const loaded = await Promise.all(modules.map(load));
      await use(Object.assign({}, ...loaded.map(withNamed)), process.env.PROVIDER_URL ?? '');
    } catch (error) {
      process.exitCode = 1;
      console.error(`${modules[0]} failed:`, error);
    }
  }
};

/** Exports by name, the class itself where it is all that there is (CommonJS of older versions). */
function withNamed(loaded) {
  const main = loaded.default ?? loaded;
  return { ...(typeof main === 'function' ? { [main.name]: main } : {}), ...main, ...loaded };
}
