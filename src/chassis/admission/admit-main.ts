/** The program of a process that admits one module: bytes on its standard input, and on its output what came of it. */
import { asFabricError } from '../../model/errors.js'
import { admitModule } from './admit.js'
import { ADMITTED, type AdmissionAnswer, type AdmissionOrder, REFUSED } from './admit-in-child.js'

async function admit(): Promise<void> {
  const order = JSON.parse(process.argv[2] ?? '{}') as AdmissionOrder
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  try {
    const { metered } = await admitModule(Buffer.concat(chunks), order)
    say(ADMITTED, metered)
  } catch (error) {
    const { code, message, details } = asFabricError(error).report()
    const answer: AdmissionAnswer = { code, message, details }
    say(REFUSED, Buffer.from(JSON.stringify(answer)))
  }
}

function say(kind: number, content: Uint8Array): void {
  process.stdout.write(Buffer.concat([Uint8Array.of(kind), content]))
}

await admit()
