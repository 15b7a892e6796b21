/**
 * What a client is made of, for who gives it another network and another clock: simulations. Not part
 * of the public API, and free to change with any version.
 */

export { compose } from './client.js'
export { resolveConfig } from './config.js'
export type { Clock, Moment } from './time/clock.js'
export { connectionFailed } from './transport/transport.js'
