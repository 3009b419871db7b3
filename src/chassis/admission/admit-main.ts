/**
 * The program of a process that admits modules, in a jail: it reads and rewrites one, or has V8 validate one. It ends when its
 * parent does.
 */
import { asFabricError, isFabricError } from '../../model/errors.js'
import { FROM_CHILD } from '../child/frames.js'
import { receive, send } from '../child/pipe.js'
import { DEFAULT_METER_LIMITS } from '../meter/limits.js'
import type { WasmModule } from '../wasm/types.js'
import { type AdmissionOrder, FROM_ADMISSION, TO_ADMISSION } from './admission-frames.js'
import { readAdmissible, rewrite } from './admit-here.js'
import { validate } from './validate.js'

const NOTHING = new Uint8Array(0)

function serve(): void {
  let order: AdmissionOrder = { profile: 'core', limits: DEFAULT_METER_LIMITS }
  let module: WasmModule | undefined
  const work: Readonly<Record<number, (content: Uint8Array) => Uint8Array>> = {
    [TO_ADMISSION.read]: (content) => {
      module = readAdmissible(content, order.profile, order.limits)
      return NOTHING
    },
    [TO_ADMISSION.rewrite]: () => {
      if (module === undefined) throw new Error('no module was read')
      return rewrite(module, order.profile, order.limits)
    },
    [TO_ADMISSION.validate]: (content) => {
      validate(content)
      return NOTHING
    },
  }
  send(FROM_CHILD.ready, NOTHING)
  for (let frame = receive(); frame !== undefined; frame = receive()) {
    const { type, content } = frame
    if (type === TO_ADMISSION.order) order = JSON.parse(Buffer.from(content).toString()) as AdmissionOrder
    else answer(() => work[type]?.(content) ?? NOTHING)
  }
}

function answer(work: () => Uint8Array): void {
  try {
    send(FROM_ADMISSION.done, work())
  } catch (error) {
    if (isFabricError(error, 'MODULE_REFUSED')) send(FROM_ADMISSION.refused, Buffer.from(JSON.stringify(error.details)))
    else send(FROM_ADMISSION.failed, Buffer.from(asFabricError(error).message))
  }
}

serve()
