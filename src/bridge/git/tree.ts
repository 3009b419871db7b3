/** One row of a tree. `name` has a character for each byte (Latin-1), as names in git need not be UTF-8. */
export interface TreeEntry {
  readonly mode: string
  readonly type: string
  readonly hash: string
  readonly name: string
  /** Bytes of a blob. */
  readonly size?: number
}

const ROW = /^(\d{6}) (blob|tree|commit) ([0-9a-f]{40,64}) +(\d+|-)\t(.+)$/s

/** What `git ls-tree -z -l` says. */
export function parseTree(output: Buffer): TreeEntry[] {
  const rows = output.toString('latin1').split('\0')
  return rows.flatMap((row): TreeEntry[] => {
    const [, mode, type, hash, size, name] = ROW.exec(row) ?? []
    if (mode === undefined || type === undefined || hash === undefined || name === undefined) return []
    return [{ mode, type, hash, name, ...(size !== '-' && { size: Number(size) }) }]
  })
}

/** What `git mktree -z` reads. */
export function treeText(entries: readonly TreeEntry[]): string {
  return entries.map(({ mode, type, hash, name }) => `${mode} ${type} ${hash}\t${name}\0`).join('')
}

/** A file with content of its own: no symbolic link, no directory, no submodule. */
export function isPlainFile({ type, mode }: TreeEntry): boolean {
  return type === 'blob' && mode.startsWith('100')
}
