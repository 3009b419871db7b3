/** What `env.host_call` of a baked TypeScript module asks for, by number: each is the function of this name in the profile `core`. */
export const HOST_OPERATIONS = [
  'log',
  'input_length',
  'read_input',
  'write_output',
  'http_request',
  'response_length',
  'read_response',
] as const
export type HostOperation = (typeof HOST_OPERATIONS)[number]
