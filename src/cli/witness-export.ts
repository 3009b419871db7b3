import { answer } from './answer.js'
import type { CliCommand } from './command.js'
import { counted } from './text.js'

export function addWitnessExport(group: CliCommand): void {
  group
    .command('export')
    .description('write the log into a directory of static files that any C2SP tlog-tiles client reads')
    .argument('<dir>', 'directory; an older export in it is brought up to date')
    .option('--from <source>', 'URL or directory of another log (default: the fabric that applies)')
    .example('ifab witness export public-log')
    .does(async (call, directory: string, { from }: { from?: string }) => {
      const [{ openSource }, { exportLog }] = await Promise.all([
        import('./witness-source.js'),
        import('../witness/verify/export.js'),
      ])
      const { source } = await openSource(call, from)
      try {
        const exported = await exportLog(source, directory)
        const { origin, size, fetched, files } = exported
        const line = `${directory} holds ${counted(size, 'entry', 'entries')} of ${origin}; ${fetched} came now, in ${counted(files, 'file')}.`
        return answer({ source: source.describe, ...exported }, line)
      } finally {
        await source.close()
      }
    })
}
