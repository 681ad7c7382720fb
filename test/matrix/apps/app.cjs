const { useEverySdk } = require('./sdk-calls.cjs');

void useEverySdk(require);
