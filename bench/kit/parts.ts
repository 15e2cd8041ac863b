// What a whole run measures, in this order.
import { growth } from '../parts/growth.ts'
import { install } from '../parts/install.ts'
import { start } from '../parts/start.ts'
import type { Part } from './part.ts'

export const PARTS: readonly Part[] = [start, install, growth]
