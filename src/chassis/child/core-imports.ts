import type { GuestHost } from './guest-host.js'

/** Host functions by module and name, as an instance takes them. */
export type GuestImports = Readonly<Record<string, Readonly<Record<string, (...values: never[]) => unknown>>>>

/** What the profile `core` imports, as `admission/imports.ts` lists it. Pointers and lengths come as signed numbers. */
export function coreImports(host: GuestHost): GuestImports {
  const { memory } = host
  return {
    ifab: {
      log: (level: number, pointer: number, length: number) => host.log(level, memory.view(pointer, length)),
      input_length: () => host.input.length,
      read_input: (pointer: number, offset: number, length: number) => memory.put(host.input, offset, pointer, length),
      write_output: (pointer: number, length: number) => {
        host.write(memory.view(pointer, length))
        return 0
      },
      http_request: (pointer: number, length: number) => (host.request(memory.copy(pointer, length)) ? 0 : -1),
      response_length: () => host.response.length,
      read_response: (pointer: number, offset: number, length: number) =>
        memory.put(host.response, offset, pointer, length),
      clock_ms: () => BigInt(host.clockMs()),
      random: (pointer: number, length: number) => host.random(memory.view(pointer, length)),
    },
  }
}
