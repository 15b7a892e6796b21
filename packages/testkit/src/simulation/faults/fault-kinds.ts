/** The faults that a run may meet, by name; each family has a file beside this one. */

export const FAULT_KINDS = [
  'crash',
  'powerLoss',
  'powerLossEverywhere',
  'crashAtPoint',
  'pause',
  'pauseClient',
  'suspendClient',
  'crashClient',
  'isolate',
  'halves',
  'oneWay',
  'bridge',
  'flapping',
  'deposeWithEntries',
  'electMute',
  'cutClients',
  'storm',
  'slowDisk',
  'failingDisk',
  'overtakenByCopy',
  'transfer',
  'handOverDeaf',
  'memberJoins',
  'memberLeaves',
] as const

export type FaultKind = (typeof FAULT_KINDS)[number]
