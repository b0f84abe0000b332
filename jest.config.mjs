// Five projects: unit (pure), integration (real MySQL and Kafka), e2e (the whole stack as processes or containers), images
// (the containers themselves), charts (Helm).
const project = (name) => ({
  displayName: name,
  testMatch: [`**/*.${name}.test.ts`],
  testPathIgnorePatterns: ['/node_modules/', '/.orderflow/'],
  modulePathIgnorePatterns: ['/.orderflow/'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
});

// The packages that charts depend on are made once, before the test files, which run side by side.
const charts = { ...project('charts'), globalSetup: './tests/charts/buildCharts.ts' };

export default {
  projects: [...['unit', 'integration', 'e2e', 'images'].map(project), charts],
  // Correctness tests wait for a condition; this bound only ends one that hangs.
  testTimeout: 120_000,
};
