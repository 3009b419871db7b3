import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/**
 * Files that a program needs to start, with the names by which the loader looks for them. The loader says them itself when the
 * program is started with this variable (ld.so(8)); it runs nothing of the program then.
 */
export async function sharedLibraries(binary: string): Promise<string[]> {
  const env = { LD_TRACE_LOADED_OBJECTS: '1' }
  const { stdout } = await promisify(execFile)(binary, [], { env, timeout: 10_000, maxBuffer: 64 * 1024 })
  return stdout.split('\n').flatMap((line) => /(?:=> |^\s*)(\/\S+) \(0x/.exec(line)?.[1] ?? [])
}
