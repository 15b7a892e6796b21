/** The id of a member: an unsigned 64-bit integer in decimal. It never passes through a number. */
export type MemberId = string
