/** The ids that Entra's own roles have in every tenant, by their names. */
export const ROLE_TEMPLATES: ReadonlyMap<string, string> = new Map([
  ['Global Administrator', '62e90394-69f5-4237-9190-012177145e10'],
  ['Global Reader', 'f2ef992c-3afb-46b9-b7cf-a126ee74c451'],
  ['Privileged Role Administrator', 'e8611ab8-c189-46e8-94e1-60213ab1f814'],
  ['Application Administrator', '9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3'],
  ['Cloud Application Administrator', '158c047a-c907-4556-b7ef-446551a6b5f7'],
  ['Application Developer', 'cf1c38e5-3621-4004-a7cb-879624dced7c'],
  ['User Administrator', 'fe930be7-5e62-47db-91af-98c3a49a38b1'],
  ['Authentication Administrator', 'c4e39bd9-1100-46d3-8c65-fb160da0071f'],
  ['Privileged Authentication Administrator', '7be44c8a-adaf-4e2a-84d6-ab2649e08a13'],
  ['Security Administrator', '194ae4cb-b126-40b2-bd5b-6091b380977d'],
  ['Security Operator', '5f2222b1-57c3-48ba-8ad5-d4759f1fde6f'],
  ['Security Reader', '5d6b6bb7-de71-4623-b4af-96380a352509'],
  ['Reports Reader', '4a5d8f65-41da-4de4-8968-e035b65339cf'],
])
