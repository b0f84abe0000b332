// The lint rules: typescript-eslint strict with types, and the sizes that keep a file on two screens.
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['**/node_modules/', '.orderflow/', 'coverage/', 'bench/out/'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // Numbers in a message need no ceremony.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // A union of messages is written as a type, an object shape as an interface: both have their place.
      '@typescript-eslint/consistent-type-definitions': 'off',
      eqeqeq: 'error',
      'max-lines': ['error', { max: 250, skipBlankLines: false, skipComments: false }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    // A suite of tests is one long function by nature.
    files: ['**/*.test.ts', '**/testing/*Contract.ts'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    // TypeORM's EntitySchema is declared over an interface: the strict rule on instances misreads it.
    files: ['**/eventstore/{tables,tallySchema}.ts', '**/readmodel/*.ts'],
    rules: { '@typescript-eslint/no-unsafe-class-instance-assignment': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        setTimeout: 'readonly',
        URL: 'readonly',
      },
    },
  },
);
