// Starts a process that admits modules, says which it is, and waits to be killed.
import { AdmissionProcess } from '../../../../dist/chassis/admission/admission-process.js'

// Children keep no process alive.
setInterval(() => undefined, 1_000)
const { pid } = await AdmissionProcess.start({ wallMs: 20_000, dataBytes: 2 ** 28 })
process.stdout.write(`${pid}\n`)
