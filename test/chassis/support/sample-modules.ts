/** A module with nothing in it, and the file of its contract, as the operation that loads modules takes them. */
export function emptyModule(swarm: string): { readonly contract: string; readonly module: string } {
  const contract = [
    ...[`swarm: ${swarm}`, 'version: 1.0.0', 'module:', '  path: empty.wasm'],
    '  sha256: 93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476',
  ].join('\n')
  return { contract, module: 'AGFzbQEAAAA=' }
}
