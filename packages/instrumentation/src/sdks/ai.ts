import { aiEntryPoints, patchAiModel, replaceAiModule } from '../frameworks/ai-entry-points.js';
import { AI_MODELS } from '../frameworks/ai-models.js';
import type { SdkDefinition } from './sdk-definition.js';

/** Vercel's AI SDK; see ai-entry-points.ts. Its functions stay stood in for: they only look, while the recorder is off. */
export const AI: SdkDefinition = {
  ...AI_MODELS,
  patcher: {
    patchModule: aiEntryPoints,
    unpatchModule: () => undefined,
    replaceModule: (moduleExports, _sdk, recorder) => replaceAiModule(moduleExports, recorder),
    patchClient: patchAiModel,
  },
};
