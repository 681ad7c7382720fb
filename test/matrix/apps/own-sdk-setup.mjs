// What an application with an OpenTelemetry set-up of its own does; ESM needs OpenTelemetry's loader hook as well.
import { register } from 'node:module';
import { llmInstrumentations } from '@costel/instrumentation';
import { NodeSDK } from '@opentelemetry/sdk-node';

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
const sdk = new NodeSDK({ instrumentations: llmInstrumentations() });
sdk.start();
process.once('beforeExit', () => void sdk.shutdown());
