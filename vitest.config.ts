import { defineConfig } from 'vitest/config';

/** With KTUNE_DIST=1 the command is taken from the built package, so that what is shipped is what is tested. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['dist/**', 'node_modules/**'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    pool: 'forks',
  },
});
