// tsc does not keep file modes; the binaries must be executable when run from a checkout.
import { chmodSync } from 'node:fs'

chmodSync(new URL('../dist/cli/main.js', import.meta.url), 0o755)
