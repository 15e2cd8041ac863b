// What a whole run measures, in this order.
import type { Part } from './part.ts'

export const PARTS: readonly Part[] = []
