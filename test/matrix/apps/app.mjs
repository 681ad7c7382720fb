import { useEverySdk } from './sdk-calls.cjs';

await useEverySdk((module) => import(module));
