// Four projects: unit (pure), integration (real MySQL and Kafka), e2e (the whole stack as processes or containers), images
// (the containers themselves).
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

export default {
  projects: ['unit', 'integration', 'e2e', 'images'].map(project),
  // Correctness tests wait for a condition; this bound only ends one that hangs.
  testTimeout: 120_000,
};
