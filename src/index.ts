export * from './browser.js'
export { type ConnectLocalOptions, connectLocal } from './client/connect-local.js'
export { type DiscoverOptions, discover, type Endpoint } from './client/discover.js'
export { nodeTransport } from './client/node-transport.js'
