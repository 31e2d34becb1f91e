import jupyter from '@jupyter/eslint-plugin';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

const sources = ['labextension/src/**/*.{ts,tsx}'];
const tests = ['tests/lab/**/*.{ts,tsx}', 'vitest.config.ts'];

export default tseslint.config(
  {
    ignores: [
      '.venv/**',
      'build/**',
      'dist/**',
      'lib/**',
      'node_modules/**',
      'server_extension/**',
      'labextension/style/index.js'
    ]
  },
  ...jupyter.configs.recommended.map(config => ({
    ...config,
    files: config.files.includes('**/*.ts') ? sources : config.files,
    plugins: { jupyter }
  })),
  {
    files: [...sources, ...tests],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: ['tsconfig.json', 'tests/lab/tsconfig.json'] }
    },
    rules: {
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Lumino's signals take a method and its object apart; Jupyter keeps options in namespaces.
      '@typescript-eslint/no-namespace': 'off',
      '@typescript-eslint/unbound-method': 'off',
      curly: 'error',
      eqeqeq: 'error',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'no-console': 'error'
    }
  },
  {
    files: sources,
    rules: {
      // All of it but plotly and the page of a run is a few dozen kilobytes, and shows at once.
      'jupyter/prefer-lazy-imports': 'off',
      'jupyter/require-disposable-ownership': ['warn', { ownershipFunctionNames: ['openBelow'] }]
    }
  },
  {
    files: sources,
    ...reactHooks.configs.flat['recommended-latest']
  },
  {
    files: sources,
    // It is about what React's compiler leaves out, which is not used.
    rules: { 'react-hooks/incompatible-library': 'off' }
  }
);
