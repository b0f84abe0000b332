// Three projects: unit (pure), integration (real MySQL and Kafka), e2e (the whole stack as processes).
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
  projects: [project('unit'), project('integration'), project('e2e')],
  // Correctness tests wait for a condition; this bound only ends one that hangs.
  testTimeout: 120_000,
};
