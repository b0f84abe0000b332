// Who may import whom. Each rule says in its comment what it keeps true.
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'services-do-not-import-each-other',
      comment: 'What a service must know of another it keeps itself, from events.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'shared-knows-no-service',
      severity: 'error',
      from: { path: '^packages/shared/src/' },
      to: { path: '^(services|local|tests|packages/cli)/' },
    },
    {
      name: 'nobody-imports-the-cli',
      comment: 'It knows the services; what they need too belongs in shared.',
      severity: 'error',
      from: { pathNot: '^(packages/cli|tests)/' },
      to: { path: '^packages/cli/' },
    },
    {
      name: 'the-cli-knows-a-service-by-its-parts',
      comment: 'app.ts says what a service is made of, without I/O.',
      severity: 'error',
      from: { path: '^packages/cli/' },
      to: { path: '^(services|local|tests)/', pathNot: '^services/[^/]+/src/app\\.ts$' },
    },
    {
      name: 'kafkajs-in-one-place',
      comment: 'Its traps are handled in kafka.ts and kafkaGroup.ts.',
      severity: 'error',
      from: {
        pathNot: [
          '^packages/shared/src/messaging/kafka(Group)?\\.ts$',
          '\\.test\\.ts$',
          '^tests/',
          '/test/',
        ],
      },
      to: { path: 'node_modules/kafkajs' },
    },
    {
      name: 'typeorm-has-the-schema-only',
      comment: 'The hot path is raw mysql2.',
      severity: 'error',
      from: {
        path: '^(packages|services)/',
        pathNot: '(runtime|eventstore|readmodel|migrations)/|/test/',
      },
      to: { path: 'node_modules/typeorm' },
    },
    {
      name: 'domain-is-pure',
      comment:
        'A decider imports its own rooms, the decider types and the contracts: no I/O, no clock.',
      severity: 'error',
      from: { path: '^services/[^/]+/src/domain/' },
      to: {
        pathNot: [
          '^services/[^/]+/src/domain/',
          '^packages/shared/src/eventstore/decider\\.ts$',
          '^packages/shared/src/contracts/',
          'node_modules/zod',
        ],
      },
    },
    {
      name: 'only-main-has-side-effects',
      comment: 'Nothing imports main.ts.',
      severity: 'error',
      from: {},
      to: { path: '^(services/[^/]+|packages/cli)/src/main\\.ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.orderflow' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node'] },
  },
};
