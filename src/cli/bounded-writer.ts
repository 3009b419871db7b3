/** Said in place of what no longer fits. */
export const FULL = 'The log is full; later lines are not written. Restart the fabric to go on.\n'

/** Passes text on until so many bytes went through; then says `last` once and drops the rest. */
export function boundedWriter(write: (text: string) => void, maxBytes: number, last = FULL): (text: string) => void {
  let left = maxBytes
  return (text) => {
    if (left <= 0) return
    left -= Buffer.byteLength(text)
    write(left > 0 ? text : last)
  }
}
