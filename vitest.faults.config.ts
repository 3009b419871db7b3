import { defineConfig } from 'vitest/config'

/** The long set of faults: real servers and nodes that are killed, stopped and cut off. Minutes; `npm run test:faults`. */
export default defineConfig({
  test: {
    include: ['test/**/*.faults.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/support/summary-reporter.ts'],
  },
})
