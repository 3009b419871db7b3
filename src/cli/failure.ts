import { ERRORS, type ErrorReport, FabricError, isErrorCode, isFabricError } from '../model/errors.js'

/** The coded error that anything thrown stands for. */
export function toFabricError(thrown: unknown): FabricError {
  if (isFabricError(thrown)) return thrown
  const said = thrown instanceof Error ? thrown.message : String(thrown)
  return new FabricError(
    'INTERNAL',
    `A fault in ifab itself: ${said}. Run it again with IFAB_DEBUG=1 and report what it prints.`,
    {},
    { cause: thrown },
  )
}

/** The output of a command that the system did not take. */
export function unwritten(cause: NodeJS.ErrnoException): FabricError {
  const reason = cause.code === 'ENOSPC' ? 'the disk is full' : (cause.code ?? cause.message)
  const message = `cannot write the answer to stdout: ${reason}. Send it elsewhere and run the command again.`
  return new FabricError('STORAGE_FAILED', message, {}, { cause })
}

export function exitCodeOf(error: FabricError): number {
  return ERRORS[error.code].exit
}

/** The error that another process reported, as it was raised there. */
export function fromReport({
  code,
  message,
  details,
}: {
  code: string
  message: string
  details: object
}): FabricError {
  return new FabricError(isErrorCode(code) ? code : 'INTERNAL', message, { ...details })
}

/** The one line that says what is wrong; what is wrong in files comes before it, line by line. */
export function failureLines({ code, message, details }: ErrorReport): string[] {
  const problems = Array.isArray(details.problems) ? details.problems.filter(isFileProblem) : []
  return [...problems.map(problemLine), `${code}: ${message}`]
}

interface FileProblem {
  readonly file: string
  readonly line: number
  readonly severity: string
  readonly message: string
}

/** As compilers print it, so that editors can jump there. */
export function problemLine({ file, line, severity, message }: FileProblem): string {
  return `${file}:${line}: ${severity}: ${message}`
}

function isFileProblem(value: unknown): value is FileProblem {
  return typeof value === 'object' && value !== null && 'file' in value && 'line' in value && 'message' in value
}
