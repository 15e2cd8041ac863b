/** The schema's changes, in order; one that was released is never changed. */
export type Migrations = readonly ((schema: string) => string)[]

/** Where tables are, and which of them counts the migrations. */
export type Schema = { readonly name: string; readonly journal: string }
