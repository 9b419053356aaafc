import { defineConfig } from 'vitest/config';

/** `npm run test:dist` sets KTUNE_DIST: only then is there a built package to test. */
const dist = process.env['KTUNE_DIST'] !== undefined;

export default defineConfig({
  test: {
    include: [dist ? 'test/package/**/*.test.ts' : 'test/**/*.test.ts'],
    exclude: ['dist/**', 'node_modules/**', ...(dist ? [] : ['test/package/**'])],
    setupFiles: ['test/setup.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
    pool: 'forks',
  },
});
