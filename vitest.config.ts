import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'jsdom',
    include: ['tests/lab/**/*.spec.{ts,tsx}'],
    setupFiles: ['tests/lab/setup.ts'],
    // Tests wait for conditions with limits of their own (setup.ts).
    testTimeout: 60_000,
    hookTimeout: 60_000,
    server: {
      // Published as ES modules without file extensions, which node itself does not resolve.
      deps: { inline: [/@jupyterlab\//, /@lumino\//, /@jupyter\//] }
    }
  }
});
