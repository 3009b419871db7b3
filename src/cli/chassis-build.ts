import { basename, dirname, join } from 'node:path'
import type { Answer } from './answer.js'
import type { CliCommand } from './command.js'
import { readStart, writeUserFile } from './user-file.js'

export function addChassisBuild(group: CliCommand): void {
  group
    .command('build')
    .description('make a module of a tool in TypeScript, with all that it imports')
    .argument('<tool>', 'file whose default export is the tool, such as tool.ts')
    .option('--out <file>', 'where the module goes (default: beside the tool, as tool.wasm)')
    .option(
      '--contract <file>',
      'contract.yaml in which to write the path and SHA-256 of the module; not signed any more then',
    )
    .example('ifab chassis build tool.ts')
    .example('ifab chassis build src/tool.ts --out tool.wasm --contract contract.yaml')
    .does(async (_call, path: string, options: BuildOptions) => build(path, options))
}

interface BuildOptions {
  readonly out?: string
  readonly contract?: string
}

async function build(path: string, options: BuildOptions): Promise<Answer> {
  const [{ buildTool }, { moduleDigest }, { nameModule }] = await Promise.all([
    import('../chassis/build/build-tool.js'),
    import('../chassis/admission/admit.js'),
    import('./contract-file.js'),
  ])
  // Says in the words of this program that there is no such file.
  await readStart(path, 0)
  const { bytes, warnings } = await buildTool(path)
  const out = options.out ?? join(dirname(path), `${basename(path).replace(/\.[^.]+$/, '')}.wasm`)
  await writeUserFile(out, bytes)
  const digest = moduleDigest(bytes)
  const { contract } = options
  const named = contract === undefined ? undefined : await nameModule(contract, out, digest)
  const value = { file: out, digest, bytes: bytes.length, warnings, ...(contract !== undefined && { contract }) }
  return {
    value,
    lines: [
      ...warnings.map((warning) => `warning: ${warning}`),
      `${out} has ${bytes.length.toLocaleString('en-US')} bytes, and the SHA-256 ${digest}.`,
      ...(named === undefined ? [] : [`${contract} is for it now.${named.wasSigned ? ' Sign it again.' : ''}`]),
    ],
  }
}
