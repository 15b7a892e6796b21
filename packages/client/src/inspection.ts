/**
 * The name under which Node's `console.log` looks for how to show an object. It is a registered symbol,
 * so that naming it imports nothing of Node; other runtimes ignore it, or know it too.
 */
export const inspection: unique symbol = Symbol.for('nodejs.util.inspect.custom')
