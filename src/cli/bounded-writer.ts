/** Passes text on until so many bytes went through; then says so once and drops the rest. */
export function boundedWriter(write: (text: string) => void, maxBytes: number): (text: string) => void {
  let left = maxBytes
  return (text) => {
    if (left <= 0) return
    left -= Buffer.byteLength(text)
    write(left > 0 ? text : 'The log is full; later faults are not written. Restart the fabric to go on.\n')
  }
}
