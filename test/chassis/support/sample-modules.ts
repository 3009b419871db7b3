/** A module with nothing in it, and the file of its contract, as the operation that loads modules takes them. */
export function emptyModule(swarm: string): { readonly contract: string; readonly module: string } {
  const contract = [
    ...[`swarm: ${swarm}`, 'version: 1.0.0', 'module:', '  path: empty.wasm'],
    '  sha256: 93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476',
  ].join('\n')
  return { contract, module: 'AGFzbQEAAAA=' }
}

/** A module in the text format that logs a line and writes its input as its output. */
export const ECHO = `
(import "ifab" "log" (func $log (param i32 i32 i32)))
(import "ifab" "input_length" (func $length (result i32)))
(import "ifab" "read_input" (func $read (param i32 i32 i32) (result i32)))
(import "ifab" "write_output" (func $write (param i32 i32) (result i32)))
(memory (export "memory") 4)
(data (i32.const 0) "hello")
(func (export "run") (result i32)
  (call $log (i32.const 2) (i32.const 0) (i32.const 5))
  (drop (call $read (i32.const 1024) (i32.const 0) (call $length)))
  (call $write (i32.const 1024) (call $length)))`
