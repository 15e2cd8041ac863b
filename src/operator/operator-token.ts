/** The shortest operator's token that is taken, in characters. */
export const OPERATOR_TOKEN_MIN_LENGTH = 32
