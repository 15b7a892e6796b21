/** The key with which a request for a lock or a leadership waits (etcd §8.42). */

/** @param name in base64, as is what is returned */
export function placeKey(name: string, lease: string): string {
  const place = Buffer.from(`/${BigInt(lease).toString(16)}`)
  return Buffer.concat([Buffer.from(name, 'base64'), place]).toString('base64')
}
