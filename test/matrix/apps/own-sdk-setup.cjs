// What an application with an OpenTelemetry set-up of its own does.
const { llmInstrumentations } = require('@costel/instrumentation');
const { NodeSDK } = require('@opentelemetry/sdk-node');

const sdk = new NodeSDK({ instrumentations: llmInstrumentations() });
sdk.start();
process.once('beforeExit', () => void sdk.shutdown());
