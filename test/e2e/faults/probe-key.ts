/** Written while a fault lasts, to see whether that is possible: by the test, and by no client at work. */
export const PROBE_KEY = 'probe'
