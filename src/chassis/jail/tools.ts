import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { FabricError } from '../../model/errors.js'

/** Where tools are when `PATH` does not say so. */
const USUAL = ['/usr/bin', '/bin', '/usr/sbin', '/sbin']

/** File of a tool of the system. What runs in a jail has no `PATH`. Throws UNAVAILABLE when there is none. */
export function tool(name: string): string {
  const directories = [...(process.env.PATH ?? '').split(delimiter).filter((directory) => directory !== ''), ...USUAL]
  const found = directories.map((directory) => join(directory, name)).find(isExecutable)
  if (found !== undefined) return found
  throw new FabricError('UNAVAILABLE', `${name} is not installed`)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
